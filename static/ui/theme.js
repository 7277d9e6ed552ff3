// System, light or dark: kept in a cookie, so that the server paints the right one first.
import { attach } from './attach.js'

const YEAR = 365 * 24 * 60 * 60

function choose(theme) {
  document.documentElement.dataset.theme = theme
  const secure = location.protocol === 'https:' ? '; Secure' : ''
  document.cookie = `theme=${theme}; Path=/; Max-Age=${YEAR}; SameSite=Lax${secure}`
  for (const button of document.querySelectorAll('[data-theme-choice] button')) {
    button.setAttribute('aria-pressed', String(button.value === theme))
  }
  document.dispatchEvent(new CustomEvent('theme'))
}

attach('[data-theme-choice]', (group) => {
  group.addEventListener('click', (event) => {
    const button = event.target.closest('button')
    if (button) choose(button.value)
  })
})

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  document.dispatchEvent(new CustomEvent('theme'))
})
