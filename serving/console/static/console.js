// Keys, and the graph. Every page works without this file, but for the graph, which is a list then.
"use strict";

document.addEventListener("keydown", (event) => {
  const at = event.target;
  if (event.key === "Escape" && at.matches("input, textarea")) return at.blur();
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || at.matches("input, textarea, select")) return;
  if (event.key === "/") {
    event.preventDefault();
    document.querySelector("#q")?.focus();
    return;
  }
  const pressed = document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]:not(:disabled)`);
  if (pressed) {
    event.preventDefault();
    pressed.focus();
    pressed.click();
  }
});

// A form is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  if (event.target.dataset.sent) event.preventDefault();
  else if (!event.target.dataset.again) event.target.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => document.querySelectorAll("form").forEach((one) => delete one.dataset.sent));

const NARROW = 560;
const SVG = "http://www.w3.org/2000/svg";
const made = (name, attributes, parent) => {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  parent.append(node);
  return node;
};

// Springs along links, every two nodes apart, a pull to the middle: some hundred steps, then it stands still.
function place(nodes, links, width, height) {
  nodes.forEach((node, index) => {
    const turn = index * 2.39996;
    const away = 14 * Math.sqrt(index + 1);
    Object.assign(node, { x: width / 2 + away * Math.cos(turn), y: height / 2 + away * Math.sin(turn) });
  });
  // A narrow picture is laid out downwards: words need room to the right.
  const [across, down] = width < NARROW ? [0.06, 0.02] : [0.02, 0.03];
  const ideal = Math.min(width < NARROW ? 62 : 110, 1.1 * Math.sqrt((width * height) / Math.max(nodes.length, 1)));
  for (let step = 0; step < 260; step++) {
    const heat = 24 * (1 - step / 260) + 0.5;
    for (const node of nodes) Object.assign(node, { dx: (width / 2 - node.x) * across, dy: (height / 2 - node.y) * down });
    for (let i = 0; i < nodes.length; i++) {
      for (let j = i + 1; j < nodes.length; j++) {
        const [a, b] = [nodes[i], nodes[j]];
        const [x, y] = [a.x - b.x, a.y - b.y];
        const push = (ideal * ideal) / Math.max(x * x + y * y, 30);
        a.dx += x * push * 0.06; a.dy += y * push * 0.06;
        b.dx -= x * push * 0.06; b.dy -= y * push * 0.06;
      }
    }
    for (const { from, to } of links) {
      const [a, b] = [nodes[from], nodes[to]];
      const pull = (Math.hypot(a.x - b.x, a.y - b.y) - ideal * 0.7) / ideal * 0.12;
      a.dx -= (a.x - b.x) * pull; a.dy -= (a.y - b.y) * pull;
      b.dx += (a.x - b.x) * pull; b.dy += (a.y - b.y) * pull;
    }
    for (const node of nodes) {
      const far = Math.hypot(node.dx, node.dy) || 1;
      node.x += (node.dx / far) * Math.min(far, heat);
      node.y += (node.dy / far) * Math.min(far, heat);
    }
  }
}

function draw(box, { nodes, links }) {
  const { width, height } = box.getBoundingClientRect();
  place(nodes, links, width, height);
  const svg = made("svg", { role: "group", "aria-label": "Records and the identifiers that join them; the list below tells the same" }, box);
  const view = { x: 0, y: 0, scale: 1 };
  const world = made("g", {}, svg);
  const move = () => world.setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.scale})`);
  const fit = () => {
    const [xs, ys] = [nodes.map((one) => one.x), nodes.map((one) => one.y)];
    const [left, top] = [Math.min(...xs) - 60, Math.min(...ys) - 30];
    const whole = Math.min(width / (Math.max(...xs) + 110 - left), height / (Math.max(...ys) + 30 - top));
    // Words that nobody can read help nobody: what has no room is reached by moving.
    view.scale = Math.min(1.4, Math.max(width < NARROW ? 0.8 : 0.4, whole));
    view.x = (width - (Math.max(...xs) + 110 + left) * view.scale) / 2;
    view.y = (height - (Math.max(...ys) + 30 + top) * view.scale) / 2;
    move();
  };
  const lines = links.map(({ from, to }) =>
    made("line", { x1: nodes[from].x, y1: nodes[from].y, x2: nodes[to].x, y2: nodes[to].y }, world));
  const marks = nodes.map((node) => {
    const inside = node.url ? made("a", { href: node.url, "aria-label": `The graph of ${node.label}` }, world) : world;
    const group = made("g", { transform: `translate(${node.x} ${node.y})` }, inside);
    const weak = node.kind === "identifier" && !node.joins ? " weak" : "";
    const kind = `${node.kind}${weak}${node.generic ? " generic" : ""}`;
    if (node.kind === "record") made("rect", { x: -6, y: -6, width: 12, height: 12, rx: 2, class: kind }, group);
    else if (node.url) made("path", { d: "M0 -9 9 0 0 9 -9 0Z", class: kind }, group);
    else made("circle", { r: 6, class: kind }, group);
    const text = { record: node.source, person: node.label }[node.kind] ?? `${node.namespace} ${node.label}`;
    if (nodes.length < 90) made("text", { x: 10, y: 4 }, group).textContent = text.length > 26 ? `${text.slice(0, 25)}…` : text;
    made("title", {}, group).textContent = node.kind === "record" ? node.label : text;
    return group;
  });
  const choose = (index) => {
    const near = new Set([index]);
    links.forEach(({ from, to }) => { if (from === index) near.add(to); if (to === index) near.add(from); });
    marks.forEach((mark, at) => {
      mark.classList.toggle("dim", index >= 0 && !near.has(at));
      mark.firstChild.classList.toggle("chosen", at === index);
    });
    lines.forEach((line, at) => line.classList.toggle("dim", index >= 0 && links[at].from !== index && links[at].to !== index));
    const told = document.querySelector("#graph-told");
    if (told) told.textContent = index < 0 ? "" : marks[index].querySelector("title").textContent;
  };
  marks.forEach((mark, index) => mark.addEventListener("click", (event) => { event.stopPropagation(); choose(index); }));
  svg.addEventListener("click", () => choose(-1));
  let held = null;
  svg.addEventListener("pointerdown", (event) => { held = { x: event.clientX - view.x, y: event.clientY - view.y }; });
  window.addEventListener("pointerup", () => { held = null; });
  window.addEventListener("pointermove", (event) => {
    if (!held) return;
    Object.assign(view, { x: event.clientX - held.x, y: event.clientY - held.y });
    move();
  });
  const zoom = (by, x = width / 2, y = height / 2) => {
    const scale = Math.min(6, Math.max(0.2, view.scale * by));
    view.x = x - ((x - view.x) * scale) / view.scale;
    view.y = y - ((y - view.y) * scale) / view.scale;
    view.scale = scale;
    move();
  };
  svg.addEventListener("wheel", (event) => {
    event.preventDefault();
    const frame = box.getBoundingClientRect();
    zoom(event.deltaY < 0 ? 1.15 : 0.87, event.clientX - frame.left, event.clientY - frame.top);
  }, { passive: false });
  let current = -1;
  box.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] };
    if (steps[event.key]) { view.x += steps[event.key][0]; view.y += steps[event.key][1]; move(); }
    else if (event.key === "+") zoom(1.2);
    else if (event.key === "-") zoom(0.83);
    else if (event.key === "Enter" && event.target === box) { current = (current + 1) % nodes.length; choose(current); }
    else if (event.key === "0") { fit(); choose(-1); }
    else return;
    event.preventDefault();
  });
  const buttons = document.createElement("div");
  buttons.className = "zoom";
  for (const [sign, says, act] of [["+", "Nearer", () => zoom(1.3)], ["−", "Farther", () => zoom(0.77)], ["◻", "Show all", fit]]) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: sign, title: says, ariaLabel: says, onclick: act });
    buttons.append(button);
  }
  box.append(buttons);
  fit();
}

const box = document.querySelector("[data-graph]");
if (box) {
  fetch(box.dataset.graph).then((answer) => answer.json()).then((told) => draw(box, told));
}
