// Makes the pages pleasanter. Each of them works whole without this file, and nothing is kept in the browser.

const zh = document.documentElement.lang.startsWith("zh");
const say = (english, chinese) => (zh ? chinese : english);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

function button(className, text, label, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = className;
  made.textContent = text;
  if (label) made.setAttribute("aria-label", label);
  made.addEventListener("click", act);
  return made;
}

// The price and stock lines follow the variant that is chosen.
function followVariant(list) {
  const show = () => {
    const chosen = list.querySelector("input:checked");
    if (!chosen) return;
    for (const line of all("[data-shows]")) {
      const text = chosen.dataset[line.dataset.shows];
      if (text && line.textContent !== text) line.textContent = text;
    }
  };
  list.addEventListener("change", show);
  // A browser that goes back restores the choice but not the lines.
  addEventListener("pageshow", () => {
    const chosen = list.querySelector("input:checked");
    if (chosen && !chosen.defaultChecked) show();
  });
}

// Minus and plus beside a quantity.
function addStepper(stepper) {
  const input = stepper.querySelector("input");
  const least = Number(input.dataset.least ?? 1);
  const move = (by) => () => {
    const now = Number.parseInt(input.value, 10) || 0;
    input.value = Math.min(9999, Math.max(least, now + by));
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };
  input.before(button("step", "−", say("One fewer", "减少一件"), move(-1)));
  input.after(button("step", "+", say("One more", "增加一件"), move(1)));
}

// A quantity is sent a moment after its last change, so that several steps are one request.
function sendByItself(form) {
  const input = form.querySelector("input[name=quantity]");
  let timer;
  let sent = input.value;
  form.classList.add("by-itself");
  form.addEventListener("change", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (input.value === sent) return;
      sent = input.value;
      form.requestSubmit();
    }, 600);
  });
}

// A code can be asked for again when the seconds are over.
function countDown(asking) {
  const label = asking.textContent;
  const end = Date.now() + Number(asking.dataset.wait) * 1000;
  const show = () => {
    const left = Math.ceil((end - Date.now()) / 1000);
    asking.disabled = left > 0;
    asking.textContent = left > 0 ? say(`${label} (${left} s)`, `${label}（${left} 秒）`) : label;
    if (left > 0) setTimeout(show, 1000);
  };
  show();
}

// Copies a number; the clipboard is there on secure pages only.
function addCopy(code) {
  const text = say("Copy", "复制");
  const copy = button("quiet", text, `${text} ${code.textContent}`, async () => {
    await navigator.clipboard.writeText(code.textContent);
    copy.textContent = say("Copied", "已复制");
    setTimeout(() => (copy.textContent = text), 2000);
  });
  copy.setAttribute("aria-live", "polite");
  code.after(" ", copy);
}

// A password can be looked at before it is sent.
function addShow(input) {
  const show = button("quiet", say("Show password", "显示密码"), "", () => {
    const hidden = input.type === "password";
    input.type = hidden ? "text" : "password";
    show.textContent = hidden ? say("Hide password", "隐藏密码") : say("Show password", "显示密码");
  });
  input.after(show);
  input.form?.addEventListener("submit", () => (input.type = "password"));
}

// A small picture brings its large one forward without moving the page.
function swapPictures(gallery) {
  const strip = gallery.querySelector(".strip");
  const links = all("a[data-picture]", gallery);
  const mark = () => {
    const place = Math.round(strip.scrollLeft / strip.clientWidth);
    links.forEach((link, i) => (i === place ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current")));
  };
  links.forEach((link, i) =>
    link.addEventListener("click", (event) => {
      event.preventDefault();
      strip.scrollTo({ left: strip.clientWidth * i });
    }),
  );
  strip.addEventListener("scroll", mark, { passive: true });
  mark();
}

// Suggestions narrow to what lies within the area typed before.
function narrowSuggestions(input) {
  const list = input.list;
  const outer = document.getElementById(input.dataset.within);
  if (!list || !outer) return;
  const options = [...list.options];
  // Only the first of a group says what the group lies within.
  let area = "";
  const areas = options.map((option) => (area = option.dataset.within ?? area));
  const narrow = () => {
    const typed = outer.value.trim();
    const within = options.filter((_, i) => areas[i] === typed);
    list.replaceChildren(...(within.length ? within : options));
  };
  outer.addEventListener("change", narrow);
  narrow();
}

// A row of links that scrolls shows the one that is current.
function showCurrent(link) {
  const row = link.closest("ul");
  row.scrollLeft = link.offsetLeft - row.offsetLeft - (row.clientWidth - link.offsetWidth) / 2;
}

all("nav ul [aria-current]").forEach(showCurrent);
all(".variants").forEach(followVariant);
all("[data-stepper]").forEach(addStepper);
all("form[data-auto]").forEach(sendByItself);
all("button[data-wait]").forEach(countDown);
if (navigator.clipboard) all("[data-copy]").forEach(addCopy);
all("input[type=password]").forEach(addShow);
all(".gallery").filter((gallery) => gallery.querySelector("a[data-picture]")).forEach(swapPictures);
all("input[data-within]").forEach(narrowSuggestions);
