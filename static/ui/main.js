import './csrf.js'
import './theme.js'
import './menu.js'
import './dialog.js'
import './toast.js'
import './copy.js'
import './form.js'
import './when.js'
import './table.js'
import './errors.js'
import './panel.js'
import './palette.js'
import './live.js'
import { attach } from './attach.js'

// Charts, passkeys and web push are fetched where a page has them.
attach('[data-chart]', (element) => import('./chart.js').then((chart) => chart.draw(element)))
attach('[data-push]', (element) => import('../incidents/push.js').then((push) => push.offer(element)))
attach('[data-webauthn]', (element) => import('./webauthn.js').then((keys) => keys.offer(element)))
