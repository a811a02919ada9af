// Keys and buttons of the graph.
const step = (key) => {
  if (chosen < 0) return 0;
  const layer = layers[chosen];
  if (key === "ArrowDown") return layer.to[0] ?? chosen;
  if (key === "ArrowUp") return layer.from[0] ?? chosen;
  return Math.min(Math.max(chosen + (key === "ArrowRight" ? 1 : -1), 0), layers.length - 1);
};
const shifts = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
canvas.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { key } = event;
  if (key in shifts) {
    if (event.shiftKey) pan(...shifts[key]);
    else if (layers.length) choose(step(key), true);
  } else if (key === "+" || key === "=") zoom(1.25);
  else if (key === "-" || key === "_") zoom(0.8);
  else if (key === "0") fit();
  else if (key === "Enter" && chosen >= 0) {
    details.focus();
  } else if (key === "Escape") forget();
  else return;
  event.preventDefault();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !/^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName)) {
    event.preventDefault();
    search.focus();
  }
});

const toggle = (button) => {
  const wanted = views.find(({ drawing }) => one("svg", drawing).id === button.dataset.view);
  view.drawing.hidden = true;
  view = view === wanted ? views[0] : wanted;
  view.drawing.hidden = false;
  for (const other of all("[data-view]")) {
    other.setAttribute("aria-pressed", String(other === button && view === wanted));
  }
  fit();
  find();
  mark();
};
const tools = {
  in: () => zoom(1.25),
  out: () => zoom(0.8),
  fit,
  unfold: toggle,
  spaces: toggle,
};
for (const button of all("[data-do]")) {
  button.addEventListener("click", () => tools[button.dataset.do](button));
}
for (const link of all("#costs [data-layers], #costs [data-layer]")) {
  link.addEventListener("click", () => choose(Number(link.dataset.layer ?? link.dataset.layers), true, link));
}
