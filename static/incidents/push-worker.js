// Runs beside the pages: shows what the portal pushes, and opens it when it is touched.
self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))

self.addEventListener('push', (event) => {
  let message = {}
  try {
    message = event.data?.json() ?? {}
  } catch {
    // A browser demands that something is shown for each message.
  }
  event.waitUntil(
    self.registration.showNotification(message.title ?? 'Signalbox', {
      body: message.text ?? '',
      tag: message.tag,
      renotify: Boolean(message.tag),
      requireInteraction: true,
      data: { url: message.url },
    }),
  )
})

self.addEventListener('notificationclick', (event) => {
  event.notification.close()
  const url = event.notification.data?.url
  if (url && new URL(url, self.location).origin === self.location.origin) event.waitUntil(self.clients.openWindow(url))
})
