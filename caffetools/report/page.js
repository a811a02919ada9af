"use strict";
(() => {
  const layers = JSON.parse(document.getElementById("data").textContent).layers;
  const root = document.documentElement;
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const make = (name, text, attributes = {}) => {
    const element = document.createElement(name);
    if (text !== undefined) element.textContent = text;
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  const told = (value) => (value === null ? "?" : value.toLocaleString("en-US"));

  // Light and dark: the reader's choice, at first that of the system.
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  root.dataset.theme = prefersDark.matches ? "dark" : "light";
  prefersDark.addEventListener("change", (event) => {
    root.dataset.theme = event.matches ? "dark" : "light";
  });
  one("#theme").addEventListener("click", () => {
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
  });

  // The graph: what is drawn of each layer, and where the picture stands.
  const canvas = one("#canvas");
  const status = one("#status");
  const views = all(".drawing", canvas).map((drawing) => {
    const boxOf = [];
    const links = all("g[data-blob]", drawing);
    // Outer groups come first, so that a layer in a folded block is found by its box, if it has one.
    for (const group of all("g[data-layers]", drawing)) {
      for (const layer of group.dataset.layers.split(" ")) boxOf[layer] = group;
    }
    const size = one("svg", drawing).viewBox.baseVal;
    return { drawing, boxOf, links, width: size.width, height: size.height, x: 0, y: 0, scale: 1 };
  });
  let view = views[0];
  let chosen = -1;

  const place = () => {
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
      const role = blob.owner === null ? blob.role : `${blob.role}, that of ${blob.owner}`;
      for (const text of [role, blob.shape, told(blob.count), blob.lr, blob.decay]) {
        row.append(make("td", text));
      }
    }
    return [make("h3", "Parameters"), table];
  };
  const facts = (layer) => {
    const pairs = make("dl");
    const rows = [
      ["multiply-accumulates", told(layer.macs)],
      ["kernel/stride/pad", layer.windows],
      ["field/stride", layer.field],
      ["backward", layer.backward ? "needed" : "not needed"],
      ["stands at", layer.place],
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
    const lines = make("pre", undefined, { tabindex: "0", "aria-label": "Lines of the prototxt" });
    layer.text.forEach((text, index) => {
      lines.append(make("span", `${String(layer.line + index).padStart(5)}  `), `${text}\n`);
    });
    return [make("h3", "Prototxt"), lines];
  };
  const tell = (layer) => {
    details.replaceChildren(
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
    tell(layers[layer]);
    status.textContent = `${layers[layer].name}, ${layers[layer].type}`;
    if (move && view.boxOf[layer]) centre(view.boxOf[layer]);
  };
  const forget = () => {
    chosen = -1;
    mark();
    details.replaceChildren(make("p", "Choose a layer: its arithmetic and its lines stand here."));
  };

  // Finding layers.
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

  // Pointer: drag, wheel, two fingers, click.
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

  // Keys.
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
      details.tabIndex = -1;
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

  const tools = {
    in: () => zoom(1.25),
    out: () => zoom(0.8),
    fit,
    unfold: (button) => {
      view.drawing.hidden = true;
      view = view === views[0] ? views[1] : views[0];
      view.drawing.hidden = false;
      button.setAttribute("aria-pressed", String(view === views[1]));
      fit();
      find();
      mark();
    },
  };
  for (const button of all("[data-do]")) {
    button.addEventListener("click", () => tools[button.dataset.do](button));
  }
  for (const link of all("#costs [data-layers], #costs [data-layer]")) {
    link.addEventListener("click", () => choose(Number(link.dataset.layer ?? link.dataset.layers), true));
  }

  // The table: sorting keeps the rows of one layer together, for their first row tells the value.
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
        return best === null ? "" : `${series.name} ${Number(best[1].toPrecision(5))} at ${told(best[0])}`;
      });
      readout.textContent = `Iteration ${told(xs[at])}: ${parts.filter(Boolean).join(", ")}`;
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

  addEventListener("resize", fit);
  fit();
})();
