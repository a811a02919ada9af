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
// The total is that of the rows that are shown.
const filter = one("#filter");
const filtered = one("#filtered");
const texts = groups.map((group) => group.map((row) => row.textContent).join(" ").toLowerCase());
const totals = [...table.tFoot.rows[0].cells].map((cell) => [cell, cell.textContent]);
const showTotals = (isWhole) => totals.forEach(([cell, text], column) => {
  if (!cell.classList.contains("numeric")) return;
  const cells = groups.flat().filter((row) => !row.hidden).map((row) => row.cells[column]);
  const sum = cells.reduce((total, { dataset }) => total + Number(dataset.value ?? 0), 0);
  const isPart = cells.some((each) => each.textContent === "?");
  cell.textContent = isWhole ? text : `${isPart ? "at least " : ""}${formatted(sum)}`;
});
filter.addEventListener("input", () => {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  groups.forEach((group, index) => {
    const fits = words.every((word) => texts[index].includes(word));
    shown += fits ? 1 : 0;
    for (const row of group) row.hidden = !fits;
  });
  filtered.textContent = words.length ? `${shown} of ${groups.length} layers` : "";
  showTotals(!words.length);
  enter(groups.find(([row]) => !row.hidden));
});
// One layer's button is reached by Tab, the others from it by the arrow keys.
const buttonOf = ([row]) => one("button", row.cells[0]);
const enter = (group) => {
  if (!group) return;
  for (const each of groups) buttonOf(each).tabIndex = each === group ? 0 : -1;
};
enter(groups[0]);
body.addEventListener("keydown", (event) => {
  const forward = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!forward) return;
  const shown = all("tr:not([hidden]) button", body);
  const next = shown[shown.indexOf(document.activeElement) + forward];
  event.preventDefault();
  if (!next) return;
  enter(groups.find((group) => buttonOf(group) === next));
  next.focus();
});
body.addEventListener("click", (event) => {
  const row = event.target.closest("tr");
  if (!row) return;
  const group = groups.find((rows) => rows.includes(row));
  enter(group);
  choose(Number(row.dataset.layer), true, buttonOf(group));
});
