// The assistant beside the page. It knows which record the page is about from `data-page-kind` and `data-page-id`.
import { attach } from './attach.js'

attach('[data-panel-open]', (button) => {
  const panel = document.getElementById(button.dataset.panelOpen)
  if (!panel) return
  button.addEventListener('click', () => show(panel, button, panel.hidden))
  panel.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') show(panel, button, false)
  })
  panel.addEventListener('click', (event) => {
    if (event.target.closest('[data-panel-close]')) show(panel, button, false)
  })
  panel.addEventListener('htmx:afterSwap', (event) => {
    if (event.target === panel) panel.querySelector('textarea, input:not([type="hidden"])')?.focus()
  })
  panel.addEventListener('htmx:configRequest', (event) => {
    const page = document.getElementById('page')
    if (page.dataset.pageKind) event.detail.parameters.page_kind = page.dataset.pageKind
    if (page.dataset.pageId) event.detail.parameters.page_id = page.dataset.pageId
  })
})

function show(panel, button, is) {
  panel.hidden = !is
  button.setAttribute('aria-expanded', String(is))
  if (!is) return button.focus()
  panel.dispatchEvent(new CustomEvent('open'))
  panel.tabIndex = -1
  panel.focus()
}
