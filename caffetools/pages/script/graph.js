// The graph: the box of each layer, and the position and scale of the view.
const canvas = one("#canvas");
const status = one("#status");
const views = all(".drawing", canvas).map((drawing) => {
  const boxOf = [];
  const links = all("g[data-blob]", drawing);
  // Outer groups come first, so that a layer's own box replaces the box of its folded block.
  for (const group of all("g[data-layers]", drawing)) {
    for (const layer of group.dataset.layers.split(" ")) boxOf[layer] = group;
  }
  const size = one("svg", drawing).viewBox.baseVal;
  return { drawing, boxOf, links, width: size.width, height: size.height, x: 0, y: 0, scale: 1 };
});
let view = views[0];
let chosen = -1;

// While the view moves, the browser composites the drawing without painting it; then it paints it.
let resting;
const place = () => {
  view.drawing.style.willChange = "transform";
  clearTimeout(resting);
  resting = setTimeout(() => {
    for (const { drawing } of views) drawing.style.willChange = "auto";
  }, 150);
  view.drawing.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.scale})`;
};
const fit = () => {
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  view.scale = Math.min((width - 24) / view.width, (height - 24) / view.height, 1.5);
  view.x = (width - view.width * view.scale) / 2;
  view.y = Math.max((height - view.height * view.scale) / 2, 12);
  place();
};
const zoom = (factor, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) => {
  const scale = Math.min(Math.max(view.scale * factor, 0.02), 6);
  view.x = x - ((x - view.x) * scale) / view.scale;
  view.y = y - ((y - view.y) * scale) / view.scale;
  view.scale = scale;
  place();
};
const pan = (x, y) => {
  view.x += x;
  view.y += y;
  place();
};
const centre = (box) => {
  const frame = canvas.getBoundingClientRect();
  if (view.scale < 0.6) zoom(0.9 / view.scale);
  const at = box.getBoundingClientRect();
  const x = at.left + at.width / 2 - frame.left;
  const y = at.top + Math.min(at.height, frame.height) / 2 - frame.top;
  pan(canvas.clientWidth / 2 - x, canvas.clientHeight / 2 - y);
};
