// The filters: what they say, and which rules there are to choose from.

class Filters {
  constructor(form, fleet, changed) {
    this.form = form;
    this.changed = changed;
    this.verdicts = [...form.querySelectorAll("button.choice")];
    this.offer(fleet);
    form.addEventListener("input", changed);
    form.addEventListener("change", changed);
    form.addEventListener("click", (event) => this.clicked(event));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", (event) => {
      event.preventDefault();
      this.values = {};
      changed();
    });
  }

  // What they say; no verdict stands for all of them.
  get values() {
    const field = (name) => this.form.querySelector(`#filter-${name}`).value;
    const pressed = this.verdicts.filter((button) => button.ariaPressed === "true");
    return {
      node: field("node").trim(),
      secret: field("secret").trim(),
      rule: field("rule"),
      verdicts: new Set(pressed.map((button) => button.value)),
    };
  }

  set values({ node = "", secret = "", rule = "", verdicts = new Set() }) {
    const field = (name) => this.form.querySelector(`#filter-${name}`);
    field("node").value = node;
    field("secret").value = secret;
    field("rule").value = rule;
    if (field("rule").value !== rule) field("rule").value = "";
    for (const button of this.verdicts) button.ariaPressed = `${verdicts.has(button.value)}`;
  }

  // A verdict is shown alone, and all again when it is clicked again; Ctrl or Shift adds one.
  clicked(event) {
    const button = event.target.closest("button.choice");
    if (!button) return;
    const pressed = button.ariaPressed !== "true";
    if (!event.ctrlKey && !event.metaKey && !event.shiftKey) {
      for (const other of this.verdicts) other.ariaPressed = "false";
    }
    button.ariaPressed = `${pressed}`;
    this.changed();
  }

  offer(fleet) {
    const numbers = new Map();
    const rules = fleet.about.map(rulesOf);
    for (const output of fleet.outputs) {
      for (const rule of rules[output.about]) numbers.set(rule, (numbers.get(rule) ?? 0) + 1);
    }
    const select = this.form.querySelector("#filter-rule");
    for (const rule of [...numbers.keys()].sort()) {
      select.append(element("option", { value: rule }, `${rule} (${numbers.get(rule)})`));
    }
    select.disabled = numbers.size === 0;
  }
}
