// `data-copy="text"` and `data-copy-from="id"` put text on the clipboard and say so.
import { icon } from './attach.js'
import { toast } from './toast.js'

document.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-copy], [data-copy-from]')
  if (!button) return
  event.preventDefault()
  const text = button.dataset.copy ?? document.getElementById(button.dataset.copyFrom)?.textContent ?? ''
  const done = await put(text)
  if (!done) return toast({ text: `Copying is not allowed here. The text is: ${text.slice(0, 200)}`, tone: 'warn' })
  acknowledge(button)
})

async function put(text) {
  if (!navigator.clipboard) return putTheOldWay(text)
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return putTheOldWay(text)
  }
}

/** Without a secure context there is no clipboard object; a selection can still be copied. */
function putTheOldWay(text) {
  const field = document.createElement('textarea')
  field.value = text
  field.className = 'hush'
  const host = document.querySelector('dialog[open]') ?? document.body
  host.append(field)
  field.select()
  const done = document.execCommand('copy')
  field.remove()
  return done
}

function acknowledge(button) {
  if (button.dataset.copied) return
  const before = button.querySelector('.icon')
  const after = icon('check')
  after.removeAttribute('aria-hidden')
  after.setAttribute('role', 'img')
  after.setAttribute('aria-label', 'Copied')
  before.replaceWith(after)
  button.dataset.copied = 'true'
  setTimeout(() => {
    after.replaceWith(before)
    delete button.dataset.copied
  }, 1600)
}
