// What is known of the output, the node or the secret that was chosen.

class Details {
  constructor(panel, fleet, choose, back) {
    this.panel = panel;
    this.fleet = fleet;
    this.nothing = [...panel.childNodes];
    this.choose = choose;
    this.back = back;
    panel.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
    });
  }

  get isOpen() {
    return this.panel.classList.contains("open");
  }

  // Show a cell, or all of a node or of a secret (the other is null); say in a sentence what it is.
  show(node, secret) {
    const { fleet } = this;
    const name = node === null ? null : fleet.nodes[node].short;
    if (node === null || secret === null) {
      const title = name ?? fleet.secrets[secret];
      this.open(title, node === null ? "secret" : "node", null,
        overview(fleet, node, secret, this.choose,
          fleet.besides(node, secret).map((finding) => this.finding(finding))));
      const numbers = [...this.panel.querySelectorAll(".pills > *")].map((one) => one.textContent);
      say(`${title}: ${numbers.join(", ")}`);
      return;
    }
    const outputs = fleet.cell(node, secret);
    this.open(fleet.secrets[secret], "on ", name,
      ...(outputs.length > 0 ? outputs.map((output) => this.output(output)) : [this.none()]));
    const rules = outputs.flatMap((output) => fleet.about[output.about].rules);
    say(`${fleet.secrets[secret]} on ${name}: ${[worst(outputs), ...rules].join(", ")}`);
  }

  open(title, before, strong, ...parts) {
    const close = element("button", { type: "button", class: "quiet close" }, "Close");
    close.addEventListener("click", () => this.close());
    this.panel.replaceChildren(
      element("div", { class: "panel-top" },
        element("h3", { id: "panel-title" }, title), close),
      element("p", { class: "on" }, before, strong && element("strong", {}, strong)),
      ...parts);
    this.panel.classList.add("open");
    this.panel.scrollTop = 0;
  }

  close() {
    if (!this.isOpen) return;
    this.panel.classList.remove("open");
    this.panel.replaceChildren(...this.nothing);
    this.back();
  }

  none() {
    return element("div", {},
      pill("none"), element("p", {}, "This node does not have this secret."));
  }

  output(output) {
    const about = this.fleet.about[output.about];
    const { names, key } = this.fleet.addressees[output.addressees];
    const list = element("dl");
    const row = (name, ...values) => {
      const told = values.filter((value) => value !== null && value !== "");
      if (told.length === 0) return;
      list.append(element("dt", {}, name), ...told.map((value) => element("dd", {}, value)));
    };
    row("file", element("code", { class: "path" }, pathOf(this.fleet, output)));
    row("source", about.source && element("code", { class: "path" }, about.source));
    row("made from", about.made);
    row("made for the key in", key);
    row("addressed to", ...names);
    row("plaintext", lengths(output.length, about.length));
    return element("div", { class: "output" },
      element("p", {}, pill(output.verdict), about.reason && ` ${about.reason}`),
      ...about.findings.map((finding) => this.finding(finding)),
      list,
    );
  }

  finding({ rule, severity, message, mend, cause, isNew }) {
    const told = document.getElementById(`rule-${rule}`)?.querySelector(".told");
    return element("div", { class: "finding" },
      element("p", { class: "headline" },
        element("span", { class: `severity ${severity}` }, severity), " ",
        element("a", { class: "rule", href: `#rule-${rule}` }, rule)),
      element("p", {}, message),
      cause && element("p", { class: "because" }, cause),
      isNew ? null : element("p", { class: "because" }, "It was so before this change."),
      mend && command(mend),
      told && element("details", {}, element("summary", {}, "About this rule"),
        element("div", { class: "told" }, ...[...told.children].map(plainly))),
    );
  }
}

// Copy a part of a rule's text; its headings would stand in no order here.
function plainly(part) {
  if (part.tagName !== "H4") return part.cloneNode(true);
  return element("p", { class: "label" }, part.textContent);
}

function lengths(own, source) {
  if (own === null && source === null) return null;
  if (own === null) return `its source's has ${count(source, "byte")}`;
  if (source === null) return count(own, "byte");
  if (own === source) return `${count(own, "byte")}, as its source's`;
  return `${count(own, "byte")}; its source's has ${source.toLocaleString("en")}`;
}
