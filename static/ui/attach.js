/** Runs `setup` once for each element that matches, now and in every part that htmx brings in. */
export function attach(selector, setup) {
  const done = new WeakSet()
  const run = (root) => {
    const found = [...root.querySelectorAll(selector)]
    if (root instanceof Element && root.matches(selector)) found.unshift(root)
    for (const element of found) {
      if (done.has(element)) continue
      done.add(element)
      setup(element)
    }
  }
  run(document)
  document.addEventListener('htmx:load', (event) => run(event.target))
}

/** The sprite's icon as an element, for what a module draws by itself. */
export function icon(name) {
  const shape = document.querySelector('svg.icon use').closest('svg').cloneNode(true)
  const use = shape.querySelector('use')
  use.setAttribute('href', `${use.getAttribute('href').split('#')[0]}#${name}`)
  shape.setAttribute('class', 'icon')
  shape.removeAttribute('role')
  shape.removeAttribute('aria-label')
  shape.setAttribute('aria-hidden', 'true')
  return shape
}
