// A form is sent once, and a page with unsaved changes asks before it goes.
import { attach } from './attach.js'

const changed = new Set()

attach('form[data-form]', (form) => {
  form.addEventListener('input', () => changed.add(form))
  form.addEventListener('submit', (event) => {
    changed.delete(form)
    if (form.dataset.sent && !form.hasAttribute('hx-post')) return event.preventDefault()
    form.dataset.sent = 'true'
    busy(form, true)
  })
  form.addEventListener('htmx:afterRequest', () => settle(form))
  if (form.hasAttribute('data-form-focus')) form.querySelector('[aria-invalid="true"]')?.focus()
})

attach('form:not([data-form])', (form) => {
  if (form.method !== 'post') return
  form.addEventListener('submit', (event) => {
    if (form.dataset.sent && !form.hasAttribute('hx-post')) return event.preventDefault()
    form.dataset.sent = 'true'
  })
  form.addEventListener('htmx:afterRequest', () => settle(form))
})

document.addEventListener('click', (event) => {
  if (event.target.closest('[aria-disabled="true"]')) event.preventDefault()
}, true)

// Coming back by the back button finds the form as it was: it may be sent again.
addEventListener('pageshow', (event) => {
  if (event.persisted) document.querySelectorAll('form[data-sent]').forEach(settle)
})

addEventListener('beforeunload', (event) => {
  const open = [...changed].filter((form) => form.isConnected)
  if (open.length) event.preventDefault()
})

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
