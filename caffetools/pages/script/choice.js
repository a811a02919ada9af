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
const choose = (layer, move) => {
  chosen = layer;
  mark();
  showDetails(layers[layer]);
  status.textContent = `${layers[layer].name}, ${layers[layer].type}`;
  if (move && view.boxOf[layer]) centre(view.boxOf[layer]);
};
const forget = () => {
  chosen = -1;
  mark();
  details.replaceChildren(make("p", "Choose a layer to see its formulas and its prototxt."));
};
