// Charts: toggle lines, smooth them, scale values by their logarithm, read values at an iteration.
const shownNumber = (value) => Number(value.toPrecision(6)).toLocaleString("en-US", { maximumSignificantDigits: 6 });
const valueText = (value) =>
  (value !== 0 && (Math.abs(value) < 1e-4 || Math.abs(value) >= 1e15) ? String(Number(value.toPrecision(6))) : shownNumber(value));
// Exponential moving average without the bias of its start; it starts again where a run resumes.
const smoothed = (points, weight) => {
  let sum = 0;
  let total = 0;
  let before = -Infinity;
  return points.map(([x, y]) => {
    if (x < before) sum = total = 0;
    before = x;
    sum = sum * weight + y * (1 - weight);
    total = total * weight + 1 - weight;
    return [x, sum / total];
  });
};
const linearTicks = (low, high) => {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough * 0.999);
  const ticks = [];
  for (let n = Math.ceil(low / step - 1e-9); n <= Math.floor(high / step + 1e-9); n += 1) ticks.push(n * step);
  return ticks;
};
const logTicks = (low, high) => {
  const powers = [];
  for (let n = Math.floor(Math.log10(low)); n <= Math.ceil(Math.log10(high)); n += 1) powers.push(n);
  const fitting = (factors) => powers.flatMap((n) => factors.map((factor) => Number(`${factor}e${n}`)))
    .filter((tick) => tick >= low && tick <= high);
  const tens = fitting([1]);
  if (tens.length > 8) return tens.filter((_, index) => index % Math.ceil(tens.length / 8) === 0);
  const finer = tens.length < 3 ? fitting([1, 2, 5]) : tens;
  return finer.length < 2 ? linearTicks(low, high) : finer;
};
for (const chart of all(".chart")) {
  const drawing = one("svg[role=img]", chart);
  const readout = one("output", chart);
  const data = JSON.parse(chart.dataset.series);
  const buttons = all("button[data-line]", chart);
  const groups = all("g[data-line]", drawing);
  const values = one("g[data-part=values]", drawing);
  const tool = (name) => one(`[data-chart=${name}]`, chart);
  const shown = data.series.map((_, index) => index < data.first);
  let isLog = false;
  let weight = 0;
  const svgElement = (name, attributes, text) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const xOf = (value) => data.left + ((value - data.low) / (data.high - data.low)) * (data.right - data.left);

  const draw = () => {
    const scaled = isLog ? Math.log10 : (value) => value;
    const usable = (value) => !isLog || value > 0;
    let low = Infinity;
    let high = -Infinity;
    data.series.forEach((series, index) => {
      if (!shown[index]) return;
      for (const [, value] of series.points) {
        if (!usable(value)) continue;
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
    });
    if (low > high) [low, high] = isLog ? [0.1, 1] : [0, 1];
    if (high - low <= 1e-9 * Math.max(Math.abs(low), Math.abs(high))) {
      const spare = Math.abs(low) * 0.5 || 1;
      [low, high] = [low - spare, high + spare];
    }
    const yOf = (value) =>
      data.bottom - ((scaled(value) - scaled(low)) / (scaled(high) - scaled(low))) * (data.bottom - data.top);
    values.replaceChildren(...(isLog ? logTicks : linearTicks)(low, high).flatMap((tick) => {
      const y = yOf(tick);
      return [
        svgElement("path", { class: "rule", d: `M${data.left} ${y}H${data.right}` }),
        svgElement("text", { class: "tick", x: data.left - 8, y: y + 3.5, "text-anchor": "end" }, valueText(tick)),
      ];
    }));
    const pathOf = (points) => {
      const [first] = points;
      if (points.length === 1 && usable(first[1])) {
        return `M${xOf(first[0]) - 2} ${yOf(first[1])}a2 2 0 1 0 4 0a2 2 0 1 0 -4 0`;
      }
      let start = true;
      let before = -Infinity;
      let path = "";
      for (const [x, y] of points) {
        if (!usable(y)) {
          start = true;
          continue;
        }
        // A start is a line of no length, so that a run of one point is a dot.
        path += `${start || x < before ? "M" : "L"}${xOf(x).toFixed(1)} ${yOf(y).toFixed(1)}${start || x < before ? "h0" : ""}`;
        start = false;
        before = x;
      }
      return path;
    };
    groups.forEach((group, index) => {
      const { name, points } = data.series[index];
      const style = `line-${index % data.first}`;
      group.replaceChildren(svgElement("title", {}, name));
      if (!shown[index]) return;
      if (weight) group.append(svgElement("path", { class: `${style} raw`, d: pathOf(points) }));
      group.append(svgElement("path", { class: style, d: pathOf(weight ? smoothed(points, weight) : points) }));
    });
    buttons.forEach((button, index) => button.setAttribute("aria-pressed", String(shown[index])));
    const count = shown.filter(Boolean).length;
    tool("count").textContent = count < shown.length ? `${count} of ${shown.length} lines shown` : "";
    if (tool("all")) tool("all").setAttribute("aria-pressed", String(count === shown.length));
  };
  buttons.forEach((button, index) => button.addEventListener("click", () => {
    shown[index] = !shown[index];
    draw();
  }));
  tool("log").addEventListener("click", () => {
    isLog = !isLog;
    tool("log").setAttribute("aria-pressed", String(isLog));
    draw();
  });
  if (tool("smoothing")) {
    tool("smoothing").addEventListener("input", () => {
      weight = Number(tool("smoothing").value) / 100;
      draw();
    });
  }
  if (tool("all")) {
    tool("all").addEventListener("click", () => {
      const isAll = shown.every(Boolean);
      shown.forEach((_, index) => { shown[index] = !isAll || index < data.first; });
      draw();
    });
  }
  draw();

  const line = svgElement("path", { class: "reading" });
  drawing.append(line);
  const xs = [...new Set(data.series.flatMap((series) => series.points.map((point) => point[0])))].sort((a, b) => a - b);
  let at = xs.length - 1;
  const read = () => {
    if (!xs.length) return;
    line.setAttribute("d", `M${xOf(xs[at])} ${data.top}V${data.bottom}`);
    const parts = data.series.filter((_, index) => shown[index]).map((series) => {
      let best = null;
      for (const point of series.points) {
        if (best === null || Math.abs(point[0] - xs[at]) <= Math.abs(best[0] - xs[at])) best = point;
      }
      return best === null ? "" : `${series.name} ${Number(best[1].toPrecision(5))} at ${formatted(best[0])}`;
    });
    readout.textContent = `Iteration ${formatted(xs[at])}: ${parts.filter(Boolean).join(", ")}`;
  };
  drawing.addEventListener("pointermove", (event) => {
    const frame = drawing.getBoundingClientRect();
    const x = ((event.clientX - frame.left) / frame.width) * drawing.viewBox.baseVal.width;
    const wanted = data.low + ((x - data.left) / (data.right - data.left)) * (data.high - data.low);
    at = xs.reduce((best, value, index) => (Math.abs(value - wanted) < Math.abs(xs[best] - wanted) ? index : best), 0);
    read();
  });
  chart.addEventListener("keydown", (event) => {
    if (event.target !== chart || (event.key !== "ArrowLeft" && event.key !== "ArrowRight")) return;
    at = Math.min(Math.max(at + (event.key === "ArrowRight" ? 1 : -1), 0), xs.length - 1);
    read();
    event.preventDefault();
  });
}
