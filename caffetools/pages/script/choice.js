// Choose a layer in the graph, in the table or by a link in the details.
const mark = () => {
  for (const old of all(".chosen, .near")) old.classList.remove("chosen", "near");
  if (chosen < 0) return;
  const box = view.boxOf[chosen];
  if (box) box.classList.add("chosen");
  const inside = new Set(box ? box.dataset.layers.split(" ") : []);
  for (const link of view.links) {
    const ends = [link.dataset.from, ...link.dataset.to.split(" ")];
    if (ends.some((end) => inside.has(end))) link.classList.add("near");
  }
  for (const row of all(`#layers-table tr[data-layer="${chosen}"]`)) row.classList.add("chosen");
};
// The panel comes to the reader where it is out of sight, until it is closed. It takes the focus
// if `origin` is given, and gives it back.
let goBack = null;
const present = (origin) => {
  const frame = details.getBoundingClientRect();
  if (frame.bottom < 150 || frame.top > innerHeight - 150) details.classList.add("floating");
  if (!details.classList.contains("floating") || !origin) return;
  goBack = origin;
  details.focus({ preventScroll: true });
};
const leave = () => {
  details.classList.remove("floating");
  (goBack ?? canvas).focus({ preventScroll: true });
  goBack = null;
};
details.addEventListener("keydown", (event) => {
  if (event.key === "Escape") leave();
});
const choose = (layer, move, origin) => {
  chosen = layer;
  mark();
  showDetails(layers[layer]);
  status.textContent = `${layers[layer].name}, ${layers[layer].type}`;
  if (move && view.boxOf[layer]) centre(view.boxOf[layer]);
  present(origin);
};
const forget = () => {
  chosen = -1;
  mark();
  details.classList.remove("floating");
  details.replaceChildren(make("p", "Choose a layer to see its formulas and its prototxt."));
};
