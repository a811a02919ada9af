// Find layers by name or type.
const search = one("#search");
const found = one("#found");
let hits = [];
let hit = -1;
const find = () => {
  for (const old of all(".hit", canvas)) old.classList.remove("hit");
  const words = search.value.trim().toLowerCase();
  hits = [];
  hit = -1;
  if (words) {
    layers.forEach((layer, index) => {
      if (layer.name.toLowerCase().includes(words) || layer.type.toLowerCase().includes(words)) {
        hits.push(index);
        if (view.boxOf[index]) view.boxOf[index].classList.add("hit");
      }
    });
  }
  found.textContent = words ? `${hits.length} found` : "";
};
search.addEventListener("input", find);
search.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && hits.length) {
    hit = (hit + (event.shiftKey ? hits.length - 1 : 1) + (hit < 0 && event.shiftKey ? 1 : 0)) % hits.length;
    choose(hits[hit], true);
    found.textContent = `${hit + 1} of ${hits.length}`;
  } else if (event.key === "Escape") {
    search.value = "";
    find();
    canvas.focus();
  }
});
