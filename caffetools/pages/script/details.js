// A layer's details.
const details = one("#details");
const jump = (layer, text) => {
  const button = make("button", text, { type: "button", class: "link-button" });
  button.addEventListener("click", () => choose(layer, true));
  return button;
};
const list = (title, rows, ends) => {
  if (!rows.length) return [];
  const items = make("ul");
  for (const [name, shape] of rows) items.append(make("li", `${name}: ${shape}`));
  const ways = make("p");
  ends.forEach((layer, index) => {
    if (index) ways.append(", ");
    ways.append(jump(layer, layers[layer].name));
  });
  return [make("h3", title), items, ...(ends.length ? [ways] : [])];
};
const params = (blobs) => {
  if (!blobs.length) return [];
  const table = make("table");
  const head = table.createTHead().insertRow();
  for (const title of ["blob", "shape", "numbers", "lr", "decay"]) {
    head.append(make("th", title, { scope: "col" }));
  }
  const body = table.createTBody();
  for (const blob of blobs) {
    const row = body.insertRow();
    const role = blob.owner === null ? blob.role : `${blob.role}, shared with ${blob.owner}`;
    for (const text of [role, blob.shape, formatted(blob.count), blob.lr, blob.decay]) {
      row.append(make("td", text));
    }
  }
  return [make("h3", "Parameters"), table];
};
const facts = (layer) => {
  const pairs = make("dl");
  const rows = [
    ["multiply-accumulates", formatted(layer.macs)],
    ["kernel/stride/pad", layer.windows],
    ["field/stride", layer.field],
    ["backward", layer.backward ? "needed" : "not needed"],
    ["source", layer.place],
  ];
  for (const [name, text] of rows) {
    if (text) pairs.append(make("dt", name), make("dd", text));
  }
  return pairs;
};
const arithmetic = (steps) => {
  if (!steps.length) return [];
  const items = make("ul");
  for (const [name, formula] of steps) items.append(make("li", `${name}: ${formula}`));
  return [make("h3", "Arithmetic"), items];
};
const source = (layer) => {
  if (!layer.text) return [];
  const lines = make("pre", undefined, { tabindex: "0", role: "region", "aria-label": "Lines of the prototxt" });
  layer.text.forEach((text, index) => {
    lines.append(make("span", `${String(layer.line + index).padStart(5)}  `), `${text}\n`);
  });
  return [make("h3", "Prototxt"), lines];
};
const showDetails = (layer) => {
  const close = make("button", "Close", { type: "button", class: "close" });
  close.addEventListener("click", () => leave());
  details.replaceChildren(
    close,
    make("h2", layer.name),
    make("p", layer.type),
    facts(layer),
    ...list("Reads", layer.bottoms, layer.from),
    ...list("Makes", layer.tops, layer.to),
    ...arithmetic(layer.steps),
    ...params(layer.params),
    ...source(layer),
  );
  details.scrollTop = 0;
};
