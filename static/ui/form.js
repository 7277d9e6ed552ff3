// A form is sent once, and a page with unsaved changes asks before it goes.
import { attach } from './attach.js'

const STALE = 10_000
const changed = new Set()

attach('form[data-form]', (form) => {
  if (!form.closest('.entrance')) form.addEventListener('input', () => changed.add(form))
  form.addEventListener('sent', () => changed.delete(form))
  form.addEventListener('submit', (event) => {
    changed.delete(form)
    if (form.dataset.sent && !form.hasAttribute('hx-post')) return event.preventDefault()
    send(form)
    busy(form, true)
  })
  form.addEventListener('htmx:afterRequest', () => settle(form))
  if (form.hasAttribute('data-form-focus')) form.querySelector('[aria-invalid="true"]')?.focus()
})

attach('form:not([data-form])', (form) => {
  if (form.method !== 'post') return
  form.addEventListener('submit', (event) => {
    if (form.dataset.sent && !form.hasAttribute('hx-post')) return event.preventDefault()
    send(form)
  })
  form.addEventListener('htmx:afterRequest', () => settle(form))
})

// What is not allowed, and what is already under way, does nothing: not for htmx either.
document.addEventListener('click', (event) => {
  if (!event.target.closest('[aria-disabled="true"], button.htmx-request')) return
  event.preventDefault()
  event.stopImmediatePropagation()
}, true)

document.addEventListener('submit', (event) => {
  if (!event.target.classList.contains('htmx-request')) return
  event.preventDefault()
  event.stopImmediatePropagation()
}, true)

// Coming back by the back button finds the form as it was: it may be sent again.
addEventListener('pageshow', (event) => {
  if (event.persisted) document.querySelectorAll('form[data-sent]').forEach(settle)
})

addEventListener('beforeunload', (event) => {
  const open = [...changed].filter((form) => form.isConnected)
  if (open.length) event.preventDefault()
})

/** An answer that is a file leaves the page where it is: after a while the form may be sent again. */
function send(form) {
  form.dataset.sent = 'true'
  setTimeout(settle, STALE, form)
}

function settle(form) {
  delete form.dataset.sent
  busy(form, false)
}

function busy(form, is) {
  for (const button of form.querySelectorAll('button[type="submit"]')) {
    if (is) button.setAttribute('aria-busy', 'true')
    else button.removeAttribute('aria-busy')
  }
}
