// The tools of all charts: smoothing, runs, zoom on a span of iterations, a link to the view.
const seen = { low: 0, high: 1, weight: 0, reading: NaN };
const charts = all(".chart").map((figure, index) => new Chart(figure, index));
const ends = charts.flatMap((chart) => chart.lines.flatMap(({ xs }) => (xs.length ? [xs[0], xs.at(-1)] : [])));
const whole = { low: Math.min(...ends, Infinity), high: Math.max(...ends, -Infinity) };
if (!(whole.low < whole.high)) Object.assign(whole, { low: (ends[0] ?? 1) - 1, high: (ends[0] ?? 0) + 1 });
const [slider, wholeButton, viewLink] = ["#smoothing", "#whole-span", "#view-link"].map((id) => one(id));
const runButtons = all("[data-run]");

const linkOfView = () => {
  const state = new URLSearchParams();
  if (seen.weight) state.set("smoothing", slider.value);
  if (seen.low !== whole.low || seen.high !== whole.high) state.set("span", `${seen.low},${seen.high}`);
  charts.forEach((chart, index) => {
    const toggled = chart.shown.flatMap((shown, line) => (shown === chart.lines[line].shown ? [] : [line]));
    const words = [...(chart.isLog ? ["log"] : []), ...(chart.ignores ? [] : ["all"]), ...toggled];
    if (words.length) state.set(`chart${index}`, words.join(","));
  });
  return `#view?${state}`;
};

// A chart is drawn, or only smoothed anew, in the next frame in which it is on the screen.
const waiting = new Map();
let frame = 0;
const drawWaiting = (isPrinted) => {
  for (const [chart, isWhole] of [...waiting]) {
    if (!chart.isOnScreen && !isPrinted) continue;
    waiting.delete(chart);
    if (isWhole) chart.draw();
    else chart.smooth();
  }
};
const drawCharts = (isWhole = true, which = charts) => {
  for (const chart of which) waiting.set(chart, isWhole || waiting.get(chart));
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    drawWaiting(false);
    wholeButton.disabled = seen.low === whole.low && seen.high === whole.high;
    viewLink.href = linkOfView();
    for (const button of runButtons) {
      const isRun = ({ run }) => run === Number(button.dataset.run);
      const isShown = charts.some(({ lines, shown }) => lines.some((line, index) => isRun(line) && shown[index]));
      button.setAttribute("aria-pressed", String(isShown));
    }
  });
};
const watch = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) charts[all(".chart").indexOf(target)].isOnScreen = isIntersecting;
  drawWaiting(false);
}, { rootMargin: "50px" });
addEventListener("beforeprint", () => drawWaiting(true));
const setSpan = (low, high) => {
  const size = Math.min(Math.max(high - low, (whole.high - whole.low) / 1e5), whole.high - whole.low);
  seen.low = Math.min(Math.max(low, whole.low), whole.high - size);
  seen.high = seen.low + size;
  drawCharts();
};
const zoomSpan = (factor, at) => setSpan(at - (at - seen.low) / factor, at + (seen.high - at) / factor);
const moveSpan = (share) => setSpan(seen.low + share * (seen.high - seen.low), seen.high + share * (seen.high - seen.low));

const readView = () => {
  const [name, words] = location.hash.split("?");
  if (name !== "#view" || !charts.length) return;
  const state = new URLSearchParams(words);
  slider.value = Number(state.get("smoothing"));
  seen.weight = Number(slider.value) / 100;
  const [low, high] = (state.get("span") ?? "").split(",").map(Number);
  setSpan(...(low < high ? [low, high] : [whole.low, whole.high]));
  charts.forEach((chart, index) => {
    const parts = (state.get(`chart${index}`) ?? "").split(",");
    chart.isLog = parts.includes("log");
    chart.ignores = !parts.includes("all");
    chart.shown = chart.lines.map((line, number) => line.shown !== parts.includes(String(number)));
  });
  one("#curves").scrollIntoView();
};

const connect = (chart) => {
  const { plot, figure } = chart;
  const iterationAt = (event) => {
    const frame = chart.drawing.getBoundingClientRect();
    const x = ((event.clientX - frame.left) / frame.width) * chart.drawing.viewBox.baseVal.width;
    const share = Math.min(Math.max((x - left) / (right - left), 0), 1);
    return seen.low + share * (seen.high - seen.low);
  };
  let start = null;
  plot.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    plot.setPointerCapture(event.pointerId);
    start = { at: iterationAt(event), x: event.clientX, moves: event.shiftKey };
  });
  plot.addEventListener("pointermove", (event) => {
    const at = iterationAt(event);
    if (start?.moves) {
      setSpan(seen.low + start.at - at, seen.high + start.at - at);
      return;
    }
    if (start) {
      const [a, b] = [chart.xOf(start.at), chart.xOf(at)];
      chart.selected.setAttribute("d", `M${a} ${upper}H${b}V${bottom}H${a}Z`);
    }
    chart.read(at);
  });
  plot.addEventListener("pointerup", (event) => {
    if (start && !start.moves && Math.abs(event.clientX - start.x) > 4) {
      setSpan(...[start.at, iterationAt(event)].sort((a, b) => a - b));
    }
    start = null;
    chart.selected.removeAttribute("d");
  });
  const leave = () => {
    start = null;
    chart.selected.removeAttribute("d");
    chart.output.hidden = true;
    seen.reading = NaN;
    for (const each of charts) each.drawReading();
  };
  for (const name of ["pointercancel", "pointerleave", "blur"]) plot.addEventListener(name, leave);
  plot.addEventListener("dblclick", () => setSpan(whole.low, whole.high));
  plot.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoomSpan(Math.exp(-event.deltaY * 0.002), iterationAt(event));
  }, { passive: false });
  plot.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const forward = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const at = seen.reading >= seen.low && seen.reading <= seen.high ? seen.reading : seen.high;
    if (forward && event.shiftKey) moveSpan(forward / 10);
    else if (forward) chart.read(nextIteration(chart, at, forward));
    else if (event.key === "+" || event.key === "=") zoomSpan(1.5, at);
    else if (event.key === "-" || event.key === "_") zoomSpan(1 / 1.5, at);
    else if (event.key === "0") setSpan(whole.low, whole.high);
    else if (event.key === "Escape") leave();
    else return;
    event.preventDefault();
  });
  chart.buttons.forEach((button, index) => button.addEventListener("click", () => {
    chart.shown[index] = !chart.shown[index];
    drawCharts(true, [chart]);
  }));
  const on = (name, act) => one(`[data-chart=${name}]`, figure)?.addEventListener("click", () => {
    act();
    drawCharts(true, [chart]);
  });
  on("log", () => { chart.isLog = !chart.isLog; });
  on("far", () => { chart.ignores = !chart.ignores; });
  on("all", () => {
    const isAll = chart.shown.every(Boolean);
    chart.shown = chart.lines.map((line) => !isAll || line.shown);
  });
};

// The next iteration of a shown line; where lines are dense, of the next pixel.
const nextIteration = (chart, at, forward) => {
  const pixel = (seen.high - seen.low) / (right - left);
  const found = chart.visible.flatMap((line) => {
    const i = nearestIndex(line, at + forward * pixel);
    return [i - 1, i, i + 1].map((index) => line.xs[index]).filter((x) => (forward > 0 ? x > at : x < at));
  });
  return found.length ? found.reduce((best, x) => (Math.abs(x - at) < Math.abs(best - at) ? x : best)) : at;
};

if (charts.length) {
  for (const chart of charts) {
    connect(chart);
    watch.observe(chart.figure);
  }
  slider.addEventListener("input", () => {
    seen.weight = Number(slider.value) / 100;
    drawCharts(false);
  });
  wholeButton.addEventListener("click", () => setSpan(whole.low, whole.high));
  for (const button of runButtons) {
    button.addEventListener("click", () => {
      const isShown = button.getAttribute("aria-pressed") === "true";
      for (const chart of charts) {
        chart.shown = chart.shown.map((shown, index) => {
          const line = chart.lines[index];
          return line.run === Number(button.dataset.run) ? !isShown && line.shown : shown;
        });
      }
      drawCharts();
    });
  }
  addEventListener("hashchange", readView);
  setSpan(whole.low, whole.high);
  readView();
}
