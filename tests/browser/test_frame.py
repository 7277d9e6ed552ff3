"""The frame: theme, drawer, toasts, copying, live parts, forms."""

from __future__ import annotations

import json

import pytest

from tests.portal.polling import until

pytestmark = pytest.mark.browser


def test_the_theme_is_kept_and_painted_by_the_server(page, sign_in, ada):
    living = sign_in(page(), ada).open("/ui/")
    living.get_by_role("button", name="Your account").click()
    living.get_by_role("button", name="Dark").click()
    assert living.locator("html").get_attribute("data-theme") == "dark"

    answer = living.request.get(living.base + "/ui/")
    assert 'data-theme="dark"' in answer.text()


def test_the_rail_is_a_drawer_on_a_narrow_screen(page, sign_in, ada, assert_accessible):
    living = sign_in(page(width=390), ada).open("/ui/")
    living.locator("#rail").wait_for(state="hidden")

    living.get_by_role("button", name="Navigation", exact=True).click()
    living.get_by_role("link", name="Home").wait_for()
    assert_accessible(living)
    living.keyboard.press("Escape")
    living.locator("#rail").wait_for(state="hidden")


def test_open_things_are_accessible_too(page, sign_in, ada, assert_accessible):
    living = sign_in(page(), ada).open("/ui/")
    living.get_by_role("button", name="Your account").click()
    assert_accessible(living)
    living.keyboard.press("Escape")

    living.locator(".page-actions [data-dialog]").click()
    assert_accessible(living)
    living.keyboard.press("Escape")

    living.keyboard.press("Control+k")
    assert_accessible(living)


def test_an_answer_says_its_result_in_a_toast(page, sign_in, ada):
    living = sign_in(page(), ada).open("/ui/")
    living.get_by_role("button", name="Show a toast").click()

    toast = living.locator(".toast")
    toast.wait_for()
    assert "Rolled back to v6" in toast.text_content()
    toast.get_by_role("button").click()
    toast.wait_for(state="detached")


def test_a_refusal_is_said_with_its_request(page, sign_in, ada):
    living = sign_in(page(), ada).open("/ui/")
    living.evaluate("htmx.ajax('GET', '/ui/parts/refused/', {swap: 'none'}).catch(() => {})")

    toast = living.locator(".toast[data-tone=bad]")
    toast.wait_for()
    assert "This needs the maintainer role; yours is viewer. Request " in toast.text_content()


def test_an_id_is_copied(page, sign_in, ada):
    living = sign_in(page(), ada)
    living.context.grant_permissions(["clipboard-read", "clipboard-write"])
    living.open("/ui/")
    living.locator("aside [data-copy]").first.click()
    living.locator("aside [data-copied]").wait_for()

    assert living.evaluate("navigator.clipboard.readText()") == "8c2f0f5ad1b7447f9a52a1d1ec2b4a10"


def test_a_form_is_sent_once(page, sign_in, ada):
    living = sign_in(page(), ada).open("/ui/")
    sent = living.evaluate(
        """() => {
          const form = document.querySelector('form[data-form]')
          let sent = 0
          document.addEventListener('submit', event => {
            if (!event.defaultPrevented) sent += 1
            event.preventDefault()
          })
          form.requestSubmit(); form.requestSubmit()
          return sent
        }"""
    )
    assert sent == 1


def test_what_changed_is_fetched_again(page, sign_in, ada):
    heard: list[dict[str, list[str]]] = []
    living = sign_in(page(), ada)

    def serve(socket):
        def hear(message):
            heard.append(json.loads(message))
            socket.send(json.dumps({"changed": "job:12"}))

        socket.on_message(hear)

    living.route_web_socket("**/ws/live/", serve)
    living.open("/ui/")
    living.evaluate(
        """() => {
          const part = document.createElement('div')
          part.id = 'part'
          part.dataset.live = 'job:12'
          part.setAttribute('hx-get', '/ui/parts/slow/')
          part.setAttribute('hx-trigger', 'live')
          document.querySelector('.page-content').prepend(part)
          htmx.process(part)
          part.dispatchEvent(new CustomEvent('htmx:load', {bubbles: true}))
        }"""
    )

    living.locator("#part p").wait_for()
    assert heard[0] == {"subscribe": ["job:12"]}


def test_a_lost_socket_is_said_and_tried_again(page, sign_in, ada):
    tries = []
    living = sign_in(page(), ada)

    def refuse(socket):
        tries.append(socket)
        socket.close()

    living.route_web_socket("**/ws/live/", refuse)
    living.open("/ui/")
    living.evaluate(
        """() => {
          document.querySelector('.page-content').dataset.live = 'job:12'
          document.dispatchEvent(new CustomEvent('htmx:load'))
        }"""
    )

    living.locator("[data-offline]:not([hidden])").wait_for()
    assert len(tries) >= 2


def test_a_hundred_thousand_points_are_drawn_without_a_stutter(page, sign_in, ada):
    living = sign_in(page(), ada).open("/ui/")
    dense = living.locator("[data-chart][data-source]")
    if dense.get_attribute("data-library") == "":
        pytest.skip("the chart library is not installed: run `npm ci`")
    dense.locator(".uplot").wait_for()
    living.wait_for_load_state("networkidle")

    least = living.evaluate(
        """async () => {
          const stage = document.querySelector('[data-chart][data-source] .u-over')
          stage.scrollIntoView({block: 'center'})
          const box = stage.getBoundingClientRect()
          let least = Infinity  // of forty moves; the machine may hold up any of them
          for (let step = 0; step < 40; step += 1) {
            await new Promise(requestAnimationFrame)
            const started = performance.now()
            const at = {clientX: box.left + box.width * step / 40, clientY: box.top + 20, bubbles: true}
            stage.dispatchEvent(new MouseEvent('mousemove', at))
            least = Math.min(least, performance.now() - started)
          }
          return least
        }"""
    )
    assert least < 50


def test_unsaved_changes_are_asked_about(page, sign_in, ada):
    living = sign_in(page(), ada).open("/ui/")
    asked: list[str] = []

    def stay(dialog):
        asked.append(dialog.type)
        dialog.dismiss()

    def heard():
        living.wait_for_timeout(50)  # lets the browser's events arrive
        return asked

    living.on("dialog", stay)
    living.locator("form[data-form] input[name=name]").fill("churn")
    living.evaluate("document.querySelector('.rail-link').click()")
    until(heard, what="it asks")

    assert asked == ["beforeunload"]
    assert living.url.endswith("/ui/")


def test_a_verb_that_is_not_allowed_does_nothing(page, sign_in, ada):
    living = sign_in(page(), ada).open("/ui/")
    living.evaluate(
        """() => {
          const button = document.querySelector('.button[aria-disabled=true]')
          button.setAttribute('hx-post', '/ui/parts/toast/')
          htmx.process(button)
          button.click()
        }"""
    )
    living.wait_for_timeout(500)

    assert not [answer.url for answer in living.loaded if answer.url.endswith("/toast/")]
