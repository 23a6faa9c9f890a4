// The filters: what they say, and which rules there are to choose from.

class Filters {
  constructor(form, fleet, changed) {
    this.form = form;
    this.offer(fleet);
    form.addEventListener("input", changed);
    form.addEventListener("change", changed);
    form.addEventListener("submit", (event) => event.preventDefault());
    // A form that is reset has its new values only afterwards.
    form.addEventListener("reset", () => setTimeout(changed));
  }

  get values() {
    const field = (name) => this.form.querySelector(`#filter-${name}`).value;
    const checked = this.form.querySelectorAll('[name="verdict"]:checked');
    return {
      node: field("node").trim().toLowerCase(),
      secret: field("secret").trim().toLowerCase(),
      rule: field("rule"),
      verdicts: new Set([...checked].map((box) => box.value)),
    };
  }

  clear() {
    this.form.reset();
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
