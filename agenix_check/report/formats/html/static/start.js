// Wires the page.

function start() {
  for (const button of document.querySelectorAll("button.copy")) button.hidden = false;
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.copy");
    if (button) copyFrom(button);
  });
  addEventListener("hashchange", openTarget);
  openTarget();
  if (document.getElementById("matrix")) startMatrix();
}

// A link to something folded unfolds it.
function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) target.open = true;
}

function startMatrix() {
  const fleet = readFleet(document.getElementById("fleet-data").textContent);
  const root = document.getElementById("matrix");
  root.hidden = false;
  const box = root.querySelector(".box");
  const matrix = new Matrix(box, fleet, choose);
  const details = new Details(document.getElementById("panel"), fleet, () => {
    matrix.unselect();
    matrix.focus();
  });
  const filters = new Filters(root.querySelector("form"), fleet, refresh);

  function refresh() {
    const { rows, columns, number } = filterFleet(fleet, filters.values);
    matrix.show(rows, columns);
    box.querySelector(".sizer").hidden = number === 0;
    box.querySelector(".empty").hidden = number !== 0;
    const all = fleet.outputs.length;
    const found = number === all ? "" : `${number.toLocaleString("en")} of `;
    document.getElementById("shown").textContent = `${found}${count(all, "output")}: `
      + `${count(rows.length, "node")}, ${count(columns.length, "secret")}`;
  }

  function choose({ node, secret }, by) {
    matrix.select(node, secret);
    details.show(node, secret);
    if (by === "key") details.panel.focus();
    details.panel.querySelector("h3").scrollIntoView({ block: "nearest" });
  }

  // The findings lead to their cells.
  const nodes = new Map(fleet.nodes.map(({ name }, number) => [name, number]));
  const secrets = new Map(fleet.secrets.map((name, number) => [name, number]));
  for (const item of document.querySelectorAll("li[data-node]")) {
    const node = nodes.get(item.dataset.node);
    const secret = secrets.get(item.dataset.secret);
    const isThere = node !== undefined && secret !== undefined;
    if (!isThere || fleet.cell(node, secret).length === 0) continue;
    const who = item.querySelector(".who");
    const attributes = { type: "button", class: "who", title: "Show it in the fleet" };
    const button = element("button", attributes);
    button.append(...who.childNodes);
    who.replaceWith(button);
    button.addEventListener("click", () => {
      filters.clear();
      setTimeout(() => {
        box.scrollIntoView({ block: "nearest" });
        matrix.go(node, secret);
        choose({ node, secret }, "pointer");
      });
    });
  }
  refresh();
}

start();
