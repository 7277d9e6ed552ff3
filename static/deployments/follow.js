// A log that is followed: it stays at its end while the reader is there, and forgets its beginning when it grows long.
import { attach } from '../ui/attach.js'

const MOST = 1_000_000
const NEAR = 40

attach('[data-follow]', (box) => {
  const lines = box.firstElementChild
  let following = true
  const toEnd = () => { box.scrollTop = box.scrollHeight }
  box.addEventListener('scroll', () => {
    following = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR
  })
  new MutationObserver(() => {
    while (lines.textContent.length > MOST && lines.childNodes.length > 2) lines.firstChild.remove()
    if (following) toEnd()
  }).observe(lines, { childList: true })
  toEnd()
})
