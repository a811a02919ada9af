// One chart: its axes, lines and event ticks between the iterations `seen.low` and `seen.high`.
const curves = JSON.parse(one("#data").textContent).curves;
const { left, right, top: upper, bottom } = curves.area;
const tenth = (value) => Math.round(value * 10) / 10;

class Chart {
  constructor(figure, index) {
    this.figure = figure;
    this.data = curves.charts[index];
    this.lines = this.data.lines.map(decodedLine);
    this.shown = this.lines.map((line) => line.shown);
    this.isLog = false;
    this.ignores = true;
    this.plot = one(".plot", figure);
    this.drawing = one("svg", this.plot);
    this.output = one("output", figure);
    this.status = one("[role=status]", figure);
    this.buttons = all("button[data-line]", figure);
    this.axes = svgElement("g", { class: "axes" });
    this.area = svgElement("svg", {
      x: left, y: upper - 1, width: right - left, height: bottom - upper + 2,
      viewBox: `${left} ${upper - 1} ${right - left} ${bottom - upper + 2}`, overflow: "hidden",
    });
    this.reading = svgElement("path", { class: "reading" });
    this.selected = svgElement("path", { class: "selected" });
    this.paths = this.lines.map((line) => {
      const group = svgElement("g", { "data-line": "", "data-dash": line.dash });
      const raw = svgElement("path", { class: `line-${line.colour}` });
      const smoothed = svgElement("path", { class: `line-${line.colour}` });
      group.append(svgElement("title", {}, line.name), raw, smoothed);
      return { group, raw, smoothed };
    });
    this.area.append(...this.paths.map(({ group }) => group));
    this.drawing.replaceChildren(
      ...all("title, desc", this.drawing).filter((each) => each.parentNode === this.drawing),
      this.axes, this.selected, this.area, this.reading,
    );
  }

  get visible() {
    return this.lines.filter((_, index) => this.shown[index]);
  }

  xOf(value) {
    return left + ((value - seen.low) / (seen.high - seen.low)) * (right - left);
  }

  yOf(value) {
    const [low, high] = this.ends;
    return bottom - ((this.scaled(value) - low) / (high - low)) * (bottom - upper);
  }

  scaled(value) {
    return this.isLog ? Math.log10(value) : value;
  }

  draw() {
    const found = valueSpan(this.visible, seen.low, seen.high, this.ignores, (value) => this.scaled(value));
    this.ends = found.span;
    this.drawAxes();
    this.lines.forEach((line, index) => {
      const { group, raw } = this.paths[index];
      group.style.display = this.shown[index] ? "" : "none";
      this.buttons[index].setAttribute("aria-pressed", String(this.shown[index]));
      if (this.shown[index]) raw.setAttribute("d", this.pathOf(line, line.values, true));
    });
    this.smooth();
    const count = this.shown.filter(Boolean).length;
    const parts = count < this.lines.length ? [`${count} of ${this.lines.length} lines shown`] : [];
    if (found.isCut) {
      const ends = [found.least, found.most].map((end) => valueText(this.isLog ? 10 ** end : end));
      parts.push(`all values: ${ends.join(" to ")}`);
    }
    this.status.textContent = parts.join("; ");
    this.press("all", count === this.lines.length);
    this.press("log", this.isLog);
    this.press("far", this.ignores);
  }

  // The raw values stay behind the smoothed ones, as thin lines.
  smooth() {
    this.lines.forEach((line, index) => {
      if (!this.shown[index]) return;
      if (!this.data.rate) smooth(line, seen.weight);
      const { raw, smoothed } = this.paths[index];
      const isRaw = line.smoothed === line.values;
      raw.classList.toggle("raw", !isRaw);
      raw.classList.toggle("dense", line.values.length > 2 * (right - left));
      smoothed.setAttribute("d", isRaw ? "" : this.pathOf(line, line.smoothed, false));
    });
  }

  press(name, isPressed) {
    const button = one(`[data-chart=${name}]`, this.figure);
    if (button) button.setAttribute("aria-pressed", String(isPressed));
  }

  drawAxes() {
    const parts = [];
    const [low, high] = this.ends.map((end) => (this.isLog ? 10 ** end : end));
    for (const tick of (this.isLog ? logTicks : linearTicks)(low, high)) {
      const y = this.yOf(tick);
      parts.push(svgElement("path", { class: "rule", d: `M${left} ${y}H${right}` }));
      parts.push(svgElement("text", { class: "tick value", x: left - 8, y: y + 3.5, "text-anchor": "end" }, valueText(tick)));
    }
    parts.push(svgElement("path", { class: "rule", d: `M${left} ${bottom}H${right}` }));
    for (const tick of linearTicks(seen.low, seen.high)) {
      parts.push(svgElement("text", { class: "tick iteration", x: this.xOf(tick), y: bottom + 16, "text-anchor": "middle" }, valueText(tick)));
    }
    parts.push(svgElement("text", { class: "tick", x: right, y: bottom + 38, "text-anchor": "end" }, "iteration"));
    this.axes.replaceChildren(...parts, ...this.eventTicks());
  }

  // Events of one kind at the same pixel share a tick.
  eventTicks() {
    const found = new Map();
    for (const [x, kind, words] of curves.events) {
      if (x < seen.low || x > seen.high) continue;
      const key = `${kind} ${Math.round(this.xOf(x))}`;
      if (!found.has(key)) found.set(key, []);
      found.get(key).push(words);
    }
    return [...found].map(([key, words]) => {
      const [kind, x] = key.split(" ");
      const tick = svgElement("path", { class: `event-${kind}`, d: `M${x} ${bottom - 8}V${bottom}` });
      tick.append(svgElement("title", {}, words[0] + (words.length > 1 ? ` and ${words.length - 1} more` : "")));
      return tick;
    });
  }

  // A path through all points, or where there are many, through the extremes at each pixel, or the
  // last point of each pixel. Points without a logarithm are left out.
  pathOf(line, values, extremes) {
    const start = Math.max(indexAt(line, seen.low) - 1, 0);
    const end = Math.min(indexAt(line, seen.high) + 1, values.length);
    const isDense = end - start > 2 * (right - left);
    const scale = (right - left) / (seen.high - seen.low);
    let path = "";
    let pen = "M";
    const move = (i) => {
      const y = tenth(this.yOf(values[i]));
      if (Number.isFinite(y)) {
        // A start is a line of no length, so that a single point is a dot.
        path += `${pen}${tenth(left + (line.xs[i] - seen.low) * scale)} ${y}${pen === "M" ? "h0" : ""}`;
        pen = "L";
      } else pen = "M";
    };
    let [least, most, column] = [start, start, Math.floor((line.xs[start] - seen.low) * scale)];
    const flush = () => {
      move(Math.min(least, most));
      if (least !== most) move(Math.max(least, most));
    };
    for (let i = start; i < end; i += 1) {
      const at = Math.floor((line.xs[i] - seen.low) * scale);
      if (!isDense) move(i);
      else if (at !== column) {
        flush();
        [least, most, column] = [i, i, at];
      } else if (!extremes) least = most = i;
      else if (values[i] < values[least]) least = i;
      else if (values[i] > values[most]) most = i;
    }
    if (isDense) flush();
    return path;
  }

  // Show the values at the point nearest to an iteration, in a box at the other side of the chart.
  read(wanted) {
    const lines = this.visible.filter((line) => line.xs.length);
    if (!lines.length) return;
    const nearest = (line) => line.xs[nearestIndex(line, wanted)];
    const at = lines.map(nearest).reduce((best, x) => (Math.abs(x - wanted) < Math.abs(best - wanted) ? x : best));
    seen.reading = at;
    for (const chart of charts) chart.drawReading();
    const table = make("table");
    table.createCaption().textContent = `Iteration ${formatted(at)}`;
    if (lines.some((line) => line.smoothed !== line.values)) {
      const head = table.createTHead().insertRow();
      for (const title of ["line", "smoothed", "raw", "iteration"]) head.append(make("th", title, { scope: "col" }));
    }
    const rows = table.createTBody();
    this.lines.forEach((line, index) => {
      if (!this.shown[index] || !line.xs.length) return;
      const i = nearestIndex(line, at);
      const row = rows.insertRow();
      const name = make("td", line.name);
      name.prepend(one(".sample", this.buttons[index]).cloneNode(true));
      row.append(name, make("td", valueText(Number(line.smoothed[i].toPrecision(5)))));
      if (table.tHead) row.append(make("td", line.smoothed === line.values ? "" : valueText(Number(line.values[i].toPrecision(5)))));
      row.append(make("td", line.xs[i] === at ? "" : `at ${formatted(line.xs[i])}`));
    });
    this.output.replaceChildren(table);
    this.output.hidden = false;
    this.output.classList.toggle("at-left", this.xOf(at) > (left + right) / 2);
  }

  drawReading() {
    const x = this.xOf(seen.reading);
    this.reading.setAttribute("d", x >= left && x <= right ? `M${x} ${upper}V${bottom}` : "");
  }
}
