// What a person has filled in: read from a form, and put back into the same form later. Written for ES2020.
//
// data-state  of a form: names of hidden fields that belong to what is filled in, separated by spaces; no other hidden field is read
// data-same   of a form: names of hidden fields that tell it from other forms with its address

const SILENT = new Set(["hidden", "password", "file", "submit", "button", "image", "reset"]);
const isBox = (field) => field.type === "checkbox" || field.type === "radio";
const named = (form, attribute) => (form.dataset[attribute] ?? "").split(" ").filter(Boolean);

export function isText(field) {
  return field instanceof HTMLTextAreaElement || (field instanceof HTMLInputElement && !isBox(field) && !SILENT.has(field.type));
}

// Whether a field is other than the page had it.
export function isChanged(field) {
  if (isBox(field)) return field.checked !== field.defaultChecked;
  if (field instanceof HTMLSelectElement) return [...field.options].some((each) => each.selected !== each.defaultSelected);
  return "defaultValue" in field && field.type !== "hidden" && field.value !== field.defaultValue;
}

// The fields of a form in their order, as [name, value] or, of boxes and options, [name, value, chosen].
export function readFields(form, isWanted = () => true) {
  const found = named(form, "state").map((name) => [name, form.elements.namedItem(name)?.value ?? ""]);
  for (const field of form.elements) {
    if (!field.name || !isWanted(field)) continue;
    if (isText(field)) found.push([field.name, field.value]);
    else if (isBox(field)) found.push([field.name, field.value, field.checked]);
    else if (field instanceof HTMLSelectElement) {
      for (const each of field.options) found.push([field.name, each.value, each.selected]);
    }
  }
  return found;
}

// Puts back what was read. What has been changed meanwhile stays.
export function fillFields(form, fields) {
  const left = [...fields];
  const take = (name, value) => {
    const at = left.findIndex((each) => each[0] === name && (value === undefined || each[1] === value));
    return at < 0 ? null : left.splice(at, 1)[0];
  };
  for (const name of named(form, "state")) {
    const given = take(name);
    const field = form.elements.namedItem(name);
    if (given && field && !field.value) field.value = given[1];
  }
  for (const field of form.elements) {
    if (!field.name || !(isText(field) || isBox(field) || field instanceof HTMLSelectElement)) continue;
    const stays = isChanged(field);
    if (field instanceof HTMLSelectElement) {
      const given = [...field.options].map((each) => [each, take(field.name, each.value)]);
      if (!stays) for (const [each, found] of given) if (found) each.selected = found[2];
    } else {
      const given = take(field.name, isBox(field) ? field.value : undefined);
      if (!given || stays) continue;
      if (isBox(field)) field.checked = given[2];
      else field.value = given[1];
    }
    if (!stays) field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

// What tells a form from others with its address.
export const identityOf = (form) => named(form, "same").map((name) => form.elements.namedItem(name)?.value ?? "").join(" ");
