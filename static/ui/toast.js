// Notes that come and go: messages of the server, the `toast` event of an answer, and answers that refuse.
import { attach, icon } from './attach.js'

const STAYS = 6000
const ICONS = { good: 'check-circle', warn: 'warning', bad: 'failed', busy: 'info' }

export function toast({ text, tone = 'busy' }) {
  const region = document.getElementById('toasts')
  const shape = document.getElementById('toast-shape')
  if (!region || !shape) return
  const note = shape.content.firstElementChild.cloneNode(true)
  note.dataset.tone = tone
  note.querySelector('.icon').replaceWith(icon(ICONS[tone] ?? 'info'))
  note.querySelector('.toast-text').textContent = text
  // Behind an open dialog nothing is read out or clicked: the region goes where the person is.
  const host = [...document.querySelectorAll('dialog[open]')].pop() ?? document.body
  if (region.parentElement !== host) host.append(region)
  region.append(note)
  prepare(note)
}

function prepare(note) {
  if (note.dataset.tone === 'good' || note.dataset.tone === 'busy') leaveLater(note)
}

/** What failed stays until it is dismissed; the rest leaves unless somebody is reading it. */
function leaveLater(note) {
  let timer
  const start = () => { timer = setTimeout(() => note.remove(), STAYS) }
  const stop = () => clearTimeout(timer)
  note.addEventListener('pointerenter', stop)
  note.addEventListener('focusin', stop)
  note.addEventListener('pointerleave', start)
  note.addEventListener('focusout', start)
  start()
}

attach('[data-toast]', prepare)

document.addEventListener('click', (event) => {
  event.target.closest('[data-toast-close]')?.closest('[data-toast]').remove()
})
document.addEventListener('close', (event) => {
  const region = event.target.querySelector?.('#toasts')
  if (region) document.body.append(region)
}, true)
document.addEventListener('toast', (event) => toast(event.detail))

document.addEventListener('htmx:responseError', (event) => {
  const answer = event.detail.xhr
  const page = new DOMParser().parseFromString(answer.responseText, 'text/html')
  const sentence = page.querySelector('[data-sentence]')?.textContent.trim()
  const id = answer.getResponseHeader('X-Request-Id')
  toast({ text: `${sentence || `The portal answered ${answer.status}.`}${id ? ` Request ${id}` : ''}`, tone: 'bad' })
})
document.addEventListener('htmx:sendError', () => {
  toast({ text: 'The portal could not be reached. Check the connection, then try again.', tone: 'bad' })
})
