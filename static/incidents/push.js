// A button that lets this browser show pages, even while no tab is open. The server asks who pressed it.
import { toast } from '../ui/toast.js'

const WORKER = new URL('push-worker.js', import.meta.url)

/** `data-push` is the portal's key, `data-push-to` where the subscription goes. */
export async function offer(button) {
  if (!('serviceWorker' in navigator) || !('PushManager' in window)) {
    button.disabled = true
    button.title = 'This browser takes no messages, or the portal is not served over https.'
    return
  }
  button.addEventListener('click', () => subscribe(button).catch((error) => toast({ text: `This browser is not added: ${error.message}`, tone: 'bad' })))
}

async function subscribe(button) {
  if ((await Notification.requestPermission()) !== 'granted') throw new Error('it was not allowed to show messages.')
  const worker = await navigator.serviceWorker.register(WORKER)
  await ready(worker)
  const known = await worker.pushManager.getSubscription()
  if (known && !sameKey(known, button.dataset.push)) await known.unsubscribe()
  const subscription = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: octets(button.dataset.push) })
  const answer = await fetch(button.dataset.pushTo, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-CSRFToken': document.querySelector('[name=csrfmiddlewaretoken]').value },
    body: JSON.stringify({ ...subscription.toJSON(), name: name() }),
  })
  if (!answer.ok) throw new Error((await answer.json()).detail)
  location.reload()
}

/** A worker that was just registered may still be installing. */
function ready(worker) {
  const waiting = worker.installing ?? worker.waiting
  if (worker.active || !waiting) return Promise.resolve()
  return new Promise((done) => waiting.addEventListener('statechange', () => waiting.state === 'activated' && done()))
}

function sameKey(subscription, key) {
  const held = new Uint8Array(subscription.options.applicationServerKey ?? [])
  const wanted = octets(key)
  return held.length === wanted.length && held.every((octet, place) => octet === wanted[place])
}

function octets(text) {
  const plain = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0))
}

function name() {
  const platform = navigator.userAgentData?.platform ?? navigator.platform ?? ''
  const brand = navigator.userAgentData?.brands?.find((each) => !each.brand.includes('Not'))?.brand ?? 'Browser'
  return `${brand} on ${platform || 'this device'}`.slice(0, 100)
}
