// Passkeys and security keys. A form with `data-webauthn` asks the browser for a credential and sends it.
const text = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')
const bytes = (said) => Uint8Array.from(atob(said.replace(/-/g, '+').replace(/_/g, '/')), (sign) => sign.charCodeAt(0))

const WAYS = { create, answer, 'sign-in': signIn }

const REFUSALS = {
  NotAllowedError: 'The browser was not given a key in time, or it was cancelled. Try again.',
  InvalidStateError: 'This key is added already.',
  SecurityError: 'Keys work only over https, or on localhost.',
  NotSupportedError: 'This browser or key cannot do what is needed.',
}

export function offer(form) {
  const button = form.querySelector('[type="submit"]')
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    event.stopImmediatePropagation()
    if (button.getAttribute('aria-busy')) return
    button.setAttribute('aria-busy', 'true')
    say(form, '')
    try {
      if (!navigator.credentials || !window.PublicKeyCredential) throw new DOMException('', 'SecurityError')
      const credential = await WAYS[form.dataset.webauthn](form)
      form.querySelector('[name="credential"]').value = JSON.stringify(credential)
      form.dispatchEvent(new CustomEvent('sent'))
      form.submit()
    } catch (error) {
      button.removeAttribute('aria-busy')
      say(form, REFUSALS[error.name] ?? 'The key could not be used. Reload the page and try again.')
    }
  }, true)
}

function say(form, sentence) {
  const note = form.querySelector('[data-webauthn-note]')
  note.textContent = sentence
  note.hidden = !sentence
}

async function create(form) {
  const { publicKey } = options(form).creation_options
  const passwordless = form.querySelector('[name="passwordless"]')
  if (passwordless) {
    const is = passwordless.checked
    publicKey.authenticatorSelection = {
      ...publicKey.authenticatorSelection,
      residentKey: is ? 'required' : 'discouraged',
      requireResidentKey: is,
      ...(is && { userVerification: 'required' }),
    }
  }
  const made = await navigator.credentials.create({
    publicKey: {
      ...publicKey,
      challenge: bytes(publicKey.challenge),
      user: { ...publicKey.user, id: bytes(publicKey.user.id) },
      excludeCredentials: (publicKey.excludeCredentials ?? []).map(known),
    },
  })
  return {
    ...base(made),
    response: {
      attestationObject: text(made.response.attestationObject),
      clientDataJSON: text(made.response.clientDataJSON),
      transports: made.response.getTransports?.() ?? [],
    },
  }
}

async function answer(form) {
  return answerTo(options(form).request_options)
}

async function signIn(form) {
  const answered = await fetch(form.action, { headers: { Accept: 'application/json', 'X-Requested-With': 'XMLHttpRequest' } })
  if (!answered.ok) throw new Error(String(answered.status))
  return answerTo((await answered.json()).request_options)
}

async function answerTo({ publicKey }) {
  const given = await navigator.credentials.get({
    publicKey: {
      ...publicKey,
      challenge: bytes(publicKey.challenge),
      allowCredentials: (publicKey.allowCredentials ?? []).map(known),
    },
  })
  return {
    ...base(given),
    response: {
      authenticatorData: text(given.response.authenticatorData),
      clientDataJSON: text(given.response.clientDataJSON),
      signature: text(given.response.signature),
      userHandle: given.response.userHandle ? text(given.response.userHandle) : null,
    },
  }
}

const options = (form) => JSON.parse(document.getElementById(form.dataset.webauthnOptions).textContent)
const known = (credential) => ({ ...credential, id: bytes(credential.id) })
const base = (credential) => ({
  id: credential.id,
  rawId: text(credential.rawId),
  type: credential.type,
  authenticatorAttachment: credential.authenticatorAttachment,
  clientExtensionResults: credential.getClientExtensionResults(),
})
