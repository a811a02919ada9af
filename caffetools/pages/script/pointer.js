// Pointer on the graph: drag, Ctrl and wheel, pinch, click.
const pointers = new Map();
let travelled = 0;
canvas.addEventListener("pointerdown", (event) => {
  pointers.set(event.pointerId, event);
  travelled = 0;
});
canvas.addEventListener("pointermove", (event) => {
  const before = pointers.get(event.pointerId);
  if (!before) return;
  const other = [...pointers.values()].find((pointer) => pointer.pointerId !== event.pointerId);
  if (other) {
    const distance = (pointer) => Math.hypot(pointer.clientX - other.clientX, pointer.clientY - other.clientY);
    const frame = canvas.getBoundingClientRect();
    zoom(distance(event) / Math.max(distance(before), 1), other.clientX - frame.left, other.clientY - frame.top);
  } else {
    pan(event.clientX - before.clientX, event.clientY - before.clientY);
  }
  travelled += Math.abs(event.clientX - before.clientX) + Math.abs(event.clientY - before.clientY);
  if (travelled > 4 && !canvas.classList.contains("moving")) {
    canvas.classList.add("moving");
    canvas.setPointerCapture(event.pointerId);
  }
  pointers.set(event.pointerId, event);
});
for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
  canvas.addEventListener(name, (event) => {
    pointers.delete(event.pointerId);
    canvas.classList.remove("moving");
  });
}
canvas.addEventListener("wheel", (event) => {
  if (!event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  const frame = canvas.getBoundingClientRect();
  zoom(Math.exp(-event.deltaY * 0.0016), event.clientX - frame.left, event.clientY - frame.top);
}, { passive: false });
canvas.addEventListener("click", (event) => {
  if (travelled > 4) return;
  const box = event.target.closest("[data-layers]");
  if (box) choose(Number(box.dataset.layers.split(" ")[0]), false);
  else forget();
});
canvas.addEventListener("dblclick", (event) => {
  const frame = canvas.getBoundingClientRect();
  zoom(1.6, event.clientX - frame.left, event.clientY - frame.top);
});
