/*
 * Reads the first and the last stamp of a roll with the phone's camera and fills two ordinary text fields.
 * The browser's own BarcodeDetector where there is one, otherwise jsQR, loaded only when the camera starts.
 * Pictures never leave the device. The markup and the words come from macros/roll_scanner.html.
 */
import { group, normalise } from "./code_check.js";

const me = document.querySelector("script[data-jsqr]");

/** The stamp code in a scanned text (short address, GS1 Digital Link, or the bare code): {code, flaw}; code "" if none. */
function read(text) {
  const path = text.trim().replace(/[?#].*$/, "");
  const found = path.match(/\/S\/([^/]+)\/?$/i) || path.match(/\/21\/([^/]+)/) || path.match(/^([^/:]+)$/);
  return normalise(found ? found[1].replace(/%20/g, " ") : "");
}
const codeIn = (text) => read(text).code;

let loading = null;
function loadLibrary() {
  loading ||= new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = me.dataset.jsqr;
    script.nonce = me.nonce;
    script.onload = done;
    script.onerror = () => { loading = null; failed(new Error("no reader")); };
    document.head.append(script);
  });
  return loading;
}

/** A function from the video to the texts of the QR symbols it shows now. */
async function reader() {
  if ("BarcodeDetector" in window) {
    try {
      if ((await BarcodeDetector.getSupportedFormats()).includes("qr_code")) {
        const detector = new BarcodeDetector({ formats: ["qr_code"] });
        return async (video) => (await detector.detect(video)).map((symbol) => symbol.rawValue);
      }
    } catch { /* fall through to the library */ }
  }
  await loadLibrary();
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  return async (video) => {
    const scale = Math.min(1, 800 / video.videoWidth);
    canvas.width = video.videoWidth * scale;
    canvas.height = video.videoHeight * scale;
    pen.drawImage(video, 0, 0, canvas.width, canvas.height);
    const picture = pen.getImageData(0, 0, canvas.width, canvas.height);
    const symbol = window.jsQR(picture.data, picture.width, picture.height, { inversionAttempts: "dontInvert" });
    return symbol ? [symbol.data] : [];
  };
}

function scanner(root) {
  const one = (selector) => root.querySelector(selector);
  const texts = JSON.parse(root.dataset.texts);
  const say = (key, facts = {}) => {
    const text = texts[key].replace(/\{(\w+)\}/g, (whole, name) => facts[name] ?? whole);
    if (one("[data-say]").textContent !== text) one("[data-say]").textContent = text;
  };
  const fields = [document.getElementById(root.dataset.first), document.getElementById(root.dataset.last)];
  const video = one("video");
  const stage = one("[data-stage]");
  const start = one("[data-do=start]");
  const torch = one("[data-do=torch]");
  let stream = null;
  let wanted = [];
  let running = 0;

  /* A scanner gun, or a pasted address, fills the same fields: keep only the code. */
  fields.forEach((field) => {
    const note = document.createElement("p");
    note.className = "field-error";
    note.setAttribute("role", "status");
    field.closest(".field").append(note);
    field.addEventListener("change", () => {
      const { code, flaw } = read(field.value);
      if (code) field.value = group(code);
      const wrong = !code && flaw && field.value.trim();
      if (wrong) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
      note.textContent = wrong ? texts[flaw] || texts.check : "";
    });
  });

  if (!navigator.mediaDevices || !navigator.mediaDevices.getUserMedia) return;
  one("[data-camera]").hidden = false;
  root.querySelectorAll(".roll-one").forEach((button) => { button.hidden = false; });

  function stop() {
    running += 1;
    if (stream) stream.getTracks().forEach((track) => track.stop());
    stream = null;
    stage.hidden = true;
    start.hidden = false;
    torch.hidden = true;
  }

  function take(text) {
    const code = codeIn(text);
    if (!code) { say("other", { text: text.slice(0, 60) }); return; }
    const at = wanted[0];
    if (at === 1 && wanted.length === 1 && codeIn(fields[0].value) === code && lastRead === code) { say("same"); return; }
    if (lastRead === code) return;
    lastRead = code;
    fields[at].value = group(code);
    fields[at].dispatchEvent(new Event("input", { bubbles: true }));
    fields[at].dispatchEvent(new Event("change", { bubbles: true }));
    if (navigator.vibrate) navigator.vibrate(80);
    wanted = wanted.slice(1);
    if (wanted.length) say("aim_last");
    else { stop(); say(fields.every((field) => field.value) ? "both" : "got", { code: group(code) }); fields[at].focus(); }
  }
  let lastRead = "";

  async function run(order) {
    stop();
    wanted = order;
    lastRead = "";
    const turn = running;
    say("starting");
    try {
      const [got, look] = await Promise.all([
        navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: { ideal: "environment" }, width: { ideal: 1280 } } }), reader()]);
      if (turn !== running) { got.getTracks().forEach((track) => track.stop()); return; }
      stream = got;
      video.srcObject = got;
      stage.hidden = false;
      start.hidden = true;
      await video.play();
      const track = got.getVideoTracks()[0];
      const can = track.getCapabilities ? track.getCapabilities() : {};
      torch.hidden = !can.torch;
      torch.setAttribute("aria-pressed", "false");
      say(order.length === 2 ? "aim_first" : "aim");
      stage.scrollIntoView({ block: "nearest" });
      while (turn === running) {
        if (video.videoWidth) {
          const found = await look(video).catch(() => []);
          if (turn !== running) return;
          if (found.length) take(found.find(codeIn) || found[0]);
        }
        await new Promise((next) => setTimeout(next, 120));
      }
    } catch { if (turn === running) { stop(); say("denied"); fields[order[0]].focus(); } }
  }

  const does = {
    start: () => run([0, 1]),
    first: () => run([0]),
    last: () => run([1]),
    stop: () => { stop(); one("[data-say]").textContent = ""; start.focus(); },
    torch: async () => {
      const on = torch.getAttribute("aria-pressed") !== "true";
      try {
        await stream.getVideoTracks()[0].applyConstraints({ advanced: [{ torch: on }] });
        torch.setAttribute("aria-pressed", String(on));
      } catch { torch.hidden = true; }
    },
  };
  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    if (button) does[button.dataset.do]();
  });
  document.addEventListener("visibilitychange", () => { if (document.hidden) stop(); });
  addEventListener("pagehide", stop);
}

document.querySelectorAll("[data-roll-scanner]").forEach(scanner);
