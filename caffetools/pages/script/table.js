// The table: the rows of a layer stay together and are sorted by the values of their first row.
const table = one("#layers-table");
const body = table.tBodies[0];
const groups = [];
for (const row of body.rows) {
  const last = groups.at(-1);
  if (last && last[0].dataset.layer === row.dataset.layer) last.push(row);
  else groups.push([row]);
}
const value = (group, column) => {
  const cell = group[0].cells[column];
  if (cell.dataset.value !== undefined) return Number(cell.dataset.value);
  return cell.textContent;
};
const compare = (a, b) => {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a !== typeof b) return typeof a === "number" ? 1 : -1;
  return a.localeCompare(b, "en", { numeric: true });
};
all("thead th", table).forEach((head, column) => {
  one("button", head).addEventListener("click", () => {
    const before = head.getAttribute("aria-sort");
    const numeric = head.classList.contains("numeric");
    const order = before === null ? (numeric ? "descending" : "ascending")
      : before === (numeric ? "descending" : "ascending") ? (numeric ? "ascending" : "descending") : null;
    for (const other of all("thead th", table)) other.removeAttribute("aria-sort");
    const sorted = groups.map((group, index) => [group, index]);
    if (order) {
      head.setAttribute("aria-sort", order);
      const sign = order === "ascending" ? 1 : -1;
      sorted.sort(([a, i], [b, j]) => sign * compare(value(a, column), value(b, column)) || i - j);
    }
    body.append(...sorted.flatMap(([group]) => group));
  });
});
const filter = one("#filter");
const filtered = one("#filtered");
const texts = groups.map((group) => group.map((row) => row.textContent).join(" ").toLowerCase());
filter.addEventListener("input", () => {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  groups.forEach((group, index) => {
    const fits = words.every((word) => texts[index].includes(word));
    shown += fits ? 1 : 0;
    for (const row of group) row.hidden = !fits;
  });
  filtered.textContent = words.length ? `${shown} of ${groups.length} layers` : "";
});
body.addEventListener("click", (event) => {
  const row = event.target.closest("tr");
  if (row) choose(Number(row.dataset.layer), true);
});
