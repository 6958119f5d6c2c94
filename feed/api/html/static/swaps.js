// Replaces parts of a page while several requests are on their way. An earlier request may be answered after a later one, and its
// answer may be older than what the later one has put there. Written for ES2020.

let requests = 0;
const replacedBy = new Map();

// The number of a request that is about to be sent; later ones have higher numbers.
export function begin() {
  requests += 1;
  return requests;
}

// Whether a later request has replaced one of the elements, something in it, or something around it.
export function isOutdated(elements, number) {
  for (const [element, by] of replacedBy) {
    if (!element.isConnected) replacedBy.delete(element);
    else if (by > number && elements.some((each) => each.contains(element) || element.contains(each))) return true;
  }
  return false;
}

// Puts an element of another page in place of one of this page.
export function swap(old, made, number) {
  const element = document.adoptNode(made);
  old.replaceWith(element);
  replacedBy.set(element, number);
  return element;
}
