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
  const target = document.getElementById(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) target.open = true;
}

function startMatrix() {
  const fleet = readFleet(document.getElementById("fleet-data").textContent);
  const root = document.getElementById("matrix");
  root.hidden = false;
  const box = root.querySelector(".box");
  const matrix = new Matrix(box, fleet, choose);
  const details = new Details(document.getElementById("panel"), fleet, goTo, () => {
    matrix.select(null);
    matrix.focus();
    remember();
  });
  const filters = new Filters(root.querySelector("form"), fleet, refresh);
  const nodes = new Map(fleet.nodes.map(({ name }, number) => [name, number]));
  const secrets = new Map(fleet.secrets.map((name, number) => [name, number]));

  function refresh() {
    const { rows, columns, tallies, number } = filterFleet(fleet, filters.values);
    matrix.show(rows, columns, tallies);
    box.querySelector(".sizer").hidden = number === 0;
    box.querySelector(".empty").hidden = number !== 0;
    const all = fleet.outputs.length;
    const found = number === all ? "" : `${number.toLocaleString("en")} of `;
    document.getElementById("shown").textContent = `${found}${count(all, "output")}: `
      + `${count(rows.length, "node")}, ${count(columns.length, "secret")}`;
    remember();
  }

  function choose({ node, secret }, by) {
    matrix.select({ node, secret });
    details.show(node, secret);
    if (by === "key") details.panel.focus();
    if (by !== "address") details.panel.querySelector("h3").scrollIntoView({ block: "nearest" });
    remember();
  }

  // Go to a cell, whatever the filters let through.
  function goTo(node, secret) {
    if (!fleet.cell(node, secret).some((output) => output.shown)) {
      filters.values = {};
      refresh();
    }
    box.scrollIntoView({ block: "nearest" });
    matrix.go(node, secret);
    choose({ node, secret }, "pointer");
  }

  function remember() {
    const { node, secret } = matrix.chosen ?? { node: null, secret: null };
    writeAddress(filters.values, fleet.nodes[node]?.name, fleet.secrets[secret]);
  }

  // Show what the address asks for, as far as it is there; return whether it asks for anything.
  function obey() {
    const asked = readAddress();
    if (!asked) return false;
    filters.values = asked.filters;
    const node = nodes.get(asked.node) ?? null;
    const secret = secrets.get(asked.secret) ?? null;
    refresh();
    document.getElementById("fleet").scrollIntoView();
    if (node !== null || secret !== null) {
      matrix.bring(node, secret);
      choose({ node, secret }, "address");
    }
    return true;
  }

  // The findings lead to their cells, and the numbers at the top to the outputs that they count.
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
    button.addEventListener("click", () => goTo(node, secret));
  }
  for (const item of document.querySelectorAll(".counts li:not(.zero)")) {
    const link = element("a", { href: `${SHOWN}verdict=${item.dataset.verdict}` });
    link.append(...item.childNodes);
    item.append(link);
  }
  addEventListener("hashchange", obey);
  if (!obey()) refresh();
}

start();
