// Curves: a reading line, and what the lines are worth there.
for (const chart of all(".chart")) {
  const drawing = one("svg", chart);
  const readout = one("output", chart);
  const data = JSON.parse(chart.dataset.series);
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("class", "reading");
  drawing.append(line);
  const xs = [...new Set(data.series.flatMap((one) => one.points.map((point) => point[0])))].sort((a, b) => a - b);
  let at = xs.length - 1;
  const read = () => {
    if (!xs.length) return;
    const x = data.left + ((xs[at] - data.low) / (data.high - data.low)) * (data.right - data.left);
    line.setAttribute("d", `M${x} ${data.top}V${data.bottom}`);
    const parts = data.series.map((series) => {
      let best = null;
      for (const point of series.points) {
        if (best === null || Math.abs(point[0] - xs[at]) <= Math.abs(best[0] - xs[at])) best = point;
      }
      return best === null ? "" : `${series.name} ${Number(best[1].toPrecision(5))} at ${formatted(best[0])}`;
    });
    readout.textContent = `Iteration ${formatted(xs[at])}: ${parts.filter(Boolean).join(", ")}`;
  };
  chart.addEventListener("pointermove", (event) => {
    const frame = drawing.getBoundingClientRect();
    const x = ((event.clientX - frame.left) / frame.width) * drawing.viewBox.baseVal.width;
    const wanted = data.low + ((x - data.left) / (data.right - data.left)) * (data.high - data.low);
    at = xs.reduce((best, value, index) => (Math.abs(value - wanted) < Math.abs(xs[best] - wanted) ? index : best), 0);
    read();
  });
  chart.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    at = Math.min(Math.max(at + (event.key === "ArrowRight" ? 1 : -1), 0), xs.length - 1);
    read();
    event.preventDefault();
  });
}
