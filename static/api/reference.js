// Filters the operations of the REST reference while somebody types.

const page = document.querySelector("[data-reference]");
const words = page.querySelector("[data-reference-words]");
const count = page.querySelector("[data-reference-count]");
const operations = [...page.querySelectorAll("[data-reference-operation]")];
const resources = [...page.querySelectorAll("[data-reference-resource]")];

function matches(operation, wanted) {
  const text = operation.dataset.referenceOperation.toLowerCase();
  return wanted.every((word) => text.includes(word));
}

function filter() {
  const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const operation of operations) {
    operation.hidden = !matches(operation, wanted);
  }
  for (const resource of resources) {
    resource.hidden = !resource.querySelector("[data-reference-operation]:not([hidden])");
  }
  const shown = operations.filter((operation) => !operation.hidden).length;
  count.textContent = wanted.length ? `${shown} of ${operations.length} operations` : "";
}

words.addEventListener("input", filter);
filter();
