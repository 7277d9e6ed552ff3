// Every request of htmx that changes something carries the token of the page.
const token = () => document.querySelector('meta[name="csrf-token"]')?.content

document.addEventListener('htmx:configRequest', (event) => {
  if (event.detail.verb !== 'get' && token()) event.detail.headers['X-CSRFToken'] = token()
})
