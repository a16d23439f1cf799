/*
 * Draws a growing area: corners on a Leaflet map and the same corners in a table, both ways in step.
 * Reads and writes one hidden input (GeoJSON Polygon, longitude first, 7 decimals). No tiles unless an address is given.
 * The markup and the words come from macros/area_editor.html.
 */
(() => {
  "use strict";

  const RAD = Math.PI / 180;
  /* WGS 84: first eccentricity squared, and the radius of the sphere with the ellipsoid's surface, in metres. */
  const E2 = 0.00669437999014;
  const E = Math.sqrt(E2);
  const AUTHALIC_RADIUS = 6371007.1809;
  const q = (sine) => (1 - E2) * (sine / (1 - E2 * sine * sine) - Math.log((1 - E * sine) / (1 + E * sine)) / (2 * E));
  const Q_POLE = q(1);

  /** Surface of a ring of [lat, lon] in hectares, on the ellipsoid (equal-area projection; edges are short). */
  function hectares(ring) {
    let sum = 0;
    const [, lon0] = ring[0] || [0, 0];
    const points = ring.map(([lat, lon]) => [(lon - lon0) * RAD, q(Math.sin(lat * RAD)) / Q_POLE]);
    const y0 = points.length ? points[0][1] : 0;
    points.forEach(([x, y], i) => {
      const [nextX, nextY] = points[(i + 1) % points.length];
      sum += x * (nextY - y0) - nextX * (y - y0);
    });
    return Math.abs(sum) / 2 * AUTHALIC_RADIUS ** 2 / 10000;
  }

  /** Whether two edges that share no corner cross. */
  function crosses(ring) {
    const side = (a, b, c) => Math.sign((b[1] - a[1]) * (c[0] - a[0]) - (b[0] - a[0]) * (c[1] - a[1]));
    const n = ring.length;
    for (let i = 0; i < n; i++) {
      for (let j = i + 2; j < n; j++) {
        if (i === 0 && j === n - 1) continue;
        const [a, b, c, d] = [ring[i], ring[(i + 1) % n], ring[j], ring[(j + 1) % n]];
        if (side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0) return true;
      }
    }
    return false;
  }

  const round = (value) => Math.round(value * 1e7) / 1e7;
  const degrees = (text) => (/^\s*-?\d{1,3}([.,]\d+)?\s*$/.test(text) ? Number(text.replace(",", ".")) : NaN);

  function parse(text) {
    try {
      let shape = JSON.parse(text);
      if (shape.type === "FeatureCollection") shape = shape.features[0];
      if (shape.type === "Feature") shape = shape.geometry;
      const rings = shape.type === "MultiPolygon" ? shape.coordinates[0] : shape.coordinates;
      const ring = rings[0].map(([lon, lat]) => [Number(lat), Number(lon)]).filter((point) => point.every(Number.isFinite));
      const last = ring[ring.length - 1];
      if (ring.length > 1 && ring[0][0] === last[0] && ring[0][1] === last[1]) ring.pop();
      return ring;
    } catch { return []; }
  }

  const fromLines = (text) => text.split(/\n/).map((line) => line.match(/-?\d+(?:\.\d+)?/g) || []).filter((pair) => pair.length >= 2).map((pair) => [Number(pair[0]), Number(pair[1])]);

  function edit(root) {
    const one = (selector) => root.querySelector(selector);
    const texts = JSON.parse(root.dataset.texts);
    const say = (key, facts = {}) => texts[key].replace(/\{(\w+)\}/g, (whole, name) => facts[name] ?? whole);
    const language = document.documentElement.lang || "vi";
    const hidden = one("[data-geometry]");
    const sum = one("[data-sum]");
    const warning = one("[data-warning]");
    const rows = one("[data-rows]");
    const plain = one("[data-plain]");

    one("[data-drawing]").hidden = false;
    plain.hidden = true;
    const lines = plain.querySelector("textarea");

    let ring = parse(hidden.value);
    if (!ring.length) ring = fromLines(lines.value);
    /* As text the corners are sent only while they are too few for a polygon, so that none of them is lost. */
    const keepLines = () => {
      lines.disabled = ring.length > 2;
      lines.value = ring.map(([lat, lon]) => `${lat.toFixed(7)}, ${lon.toFixed(7)}`).join("\n");
    };
    let chosen = -1;
    const past = [];

    /* ---- the map ---- */
    const [lat0, lon0, zoom0] = root.dataset.centre.split(",").map(Number);
    const map = L.map(one("[data-map]"), { zoomControl: false, attributionControl: Boolean(root.dataset.attribution), maxZoom: 20, doubleClickZoom: false });
    map.setView([lat0, lon0], zoom0);
    L.control.zoom({ zoomInTitle: say("zoom_in"), zoomOutTitle: say("zoom_out") }).addTo(map);
    L.control.scale({ imperial: false, maxWidth: 120 }).addTo(map);
    if (root.dataset.tiles) L.tileLayer(root.dataset.tiles, { attribution: root.dataset.attribution, maxZoom: 20 }).addTo(map);
    const grid = L.layerGroup().addTo(map);
    const neighbours = L.layerGroup().addTo(map);
    const shape = L.polygon([], { color: "#0b6b3a", weight: 3, fillOpacity: 0.2, interactive: false }).addTo(map);
    const handles = L.layerGroup().addTo(map);
    const standing = L.layerGroup().addTo(map);

    function drawGrid() {
      grid.clearLayers();
      const bounds = map.getBounds();
      const span = bounds.getEast() - bounds.getWest();
      const step = [1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001, 0.00005].find((size) => span / size >= 3) || 0.00002;
      const digits = Math.max(0, Math.ceil(-Math.log10(step)));
      const line = (points) => L.polyline(points, { color: "#c3c9c0", weight: 1, interactive: false }).addTo(grid);
      const label = (point, text, anchor) => L.marker(point, { interactive: false, keyboard: false, icon: L.divIcon({ className: "grid-label", html: text, iconSize: null, iconAnchor: anchor }) }).addTo(grid);
      for (let i = Math.ceil(bounds.getWest() / step); i * step < bounds.getEast(); i++) {
        line([[bounds.getSouth(), i * step], [bounds.getNorth(), i * step]]);
        label([bounds.getNorth(), i * step], `${(i * step).toFixed(digits)}°`, [-3, -2]);
      }
      for (let i = Math.ceil(bounds.getSouth() / step); i * step < bounds.getNorth(); i++) {
        line([[i * step, bounds.getWest()], [i * step, bounds.getEast()]]);
        if (map.latLngToContainerPoint([i * step, 0]).y > 110) label([i * step, bounds.getWest()], `${(i * step).toFixed(digits)}°`, [-3, 16]);
      }
    }
    map.on("moveend resize", drawGrid);
    drawGrid();

    function showNeighbours(collection) {
      L.geoJSON(collection, {
        interactive: false,
        style: { color: "#6b756f", weight: 2, dashArray: "5 4", fillColor: "#8d9690", fillOpacity: 0.35 },
        onEachFeature: (feature, layer) => {
          const name = document.createElement("span");
          name.textContent = (feature.properties || {}).name || "";
          if (name.textContent) layer.bindTooltip(name, { permanent: true, direction: "center", className: "neighbour-label" });
        },
      }).addTo(neighbours);
      if (!ring.length) fit();
    }

    function fit() {
      const bounds = ring.length ? L.latLngBounds(ring) : L.featureGroup(neighbours.getLayers()).getBounds();
      if (bounds.isValid()) map.fitBounds(bounds, { padding: [36, 36], maxZoom: 18, animate: false });
    }

    /* ---- changes ---- */
    function change(next, words) {
      past.push(ring.map((point) => [...point]));
      if (past.length > 200) past.shift();
      ring = next.map(([lat, lon]) => [round(lat), round(lon)]);
      if (chosen >= ring.length) chosen = -1;
      show();
      if (words) sum.textContent = `${words} ${sum.textContent}`;
      hidden.dispatchEvent(new Event("input", { bubbles: true }));
    }
    const add = (point, at = ring.length) => {
      chosen = at;
      change([...ring.slice(0, at), point, ...ring.slice(at)], say("added", { n: at + 1 }));
    };
    const remove = (at) => {
      if (at < 0 || at >= ring.length) return;
      chosen = -1;
      change(ring.filter((_, i) => i !== at), say("removed", { n: at + 1 }));
    };

    function marker(at) {
      const made = L.marker(ring[at], {
        draggable: true, autoPan: true, title: say("corner", { n: at + 1 }), alt: say("corner", { n: at + 1 }), zIndexOffset: 1000,
        icon: L.divIcon({ className: `corner${at === chosen ? " chosen" : ""}`, html: `<span>${at + 1}</span>`, iconSize: [44, 44], iconAnchor: [22, 22] }),
      });
      made.on("click", () => { chosen = chosen === at ? -1 : at; show(); focusCorner(at); });
      made.on("drag", () => { const { lat, lng } = made.getLatLng(); shape.setLatLngs(ring.map((point, i) => (i === at ? [lat, lng] : point))); });
      made.on("dragend", () => { const { lat, lng } = made.getLatLng(); chosen = at; change(ring.map((point, i) => (i === at ? [lat, lng] : point))); });
      made.on("keydown", ({ originalEvent: event }) => {
        const move = { ArrowUp: [0, -4], ArrowDown: [0, 4], ArrowLeft: [-4, 0], ArrowRight: [4, 0] }[event.key];
        if (move) {
          event.preventDefault(); event.stopPropagation();
          const { lat, lng } = map.containerPointToLatLng(map.latLngToContainerPoint(ring[at]).add(event.shiftKey ? [move[0] * 5, move[1] * 5] : move));
          change(ring.map((point, i) => (i === at ? [lat, lng] : point)));
          focusCorner(at);
        } else if (event.key === "Delete" || event.key === "Backspace") {
          event.preventDefault(); remove(at); focusCorner(Math.max(0, at - 1));
        }
      });
      made.addTo(handles);
      made.getElement().dataset.corner = at;
    }
    const focusCorner = (at) => { const found = root.querySelector(`[data-corner="${at}"]`); if (found) found.focus({ preventScroll: true }); };

    function between(at) {
      const [a, b] = [ring[at], ring[(at + 1) % ring.length]];
      const [p, r] = [map.latLngToContainerPoint(a), map.latLngToContainerPoint(b)];
      if (p.distanceTo(r) < 70) return;
      const middle = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
      L.marker(middle, { title: say("insert"), alt: say("insert"), keyboard: false, icon: L.divIcon({ className: "between", html: "<span>+</span>", iconSize: [44, 44], iconAnchor: [22, 22] }) })
        .on("click", () => add(middle, at + 1)).addTo(handles);
    }

    function showHandles() {
      handles.clearLayers();
      if (ring.length > 2) ring.forEach((_, i) => between(i));
      ring.forEach((_, i) => marker(i));
    }

    function warn(key, facts) {
      warning.hidden = !key;
      if (key) warning.querySelector("span").textContent = say(key, facts);
    }

    function judge() {
      const swapped = ring.some(([lat, lon]) => lat > 90 || (lat > 100 && lon < 30)) || (ring.length && ring.every(([lat, lon]) => lon >= 8 && lon <= 24 && lat >= 100));
      if (swapped) return warn("swapped");
      if (crosses(ring)) return warn("crossing");
      const field = root.dataset.declared && root.closest("form").elements[root.dataset.declared];
      const said = field ? Number(field.value.replace(/\.(?=\d{3}(\D|$))/g, "").replace(",", ".")) : 0;
      const percent = said > 0 && ring.length > 2 ? Math.round(Math.abs(said / hectares(ring) - 1) * 100) : 0;
      return percent > 10 ? warn("declared", { percent }) : warn("");
    }

    function showRows() {
      /* Rows stay in place, so that the keyboard's place is not lost. */
      while (rows.children.length > ring.length) rows.lastElementChild.remove();
      ring.forEach((point, i) => {
        if (!rows.children[i]) rows.append(row(i));
        rows.children[i].querySelectorAll("input").forEach((field, axis) => { field.value = point[axis]; field.removeAttribute("aria-invalid"); });
      });
    }

    function row(at) {
      const made = one("[data-row]").content.firstElementChild.cloneNode(true);
      made.querySelector("th").textContent = at + 1;
      const fields = [made.querySelector("[data-lat]"), made.querySelector("[data-lon]")];
      fields.forEach((field, axis) => {
        field.setAttribute("aria-label", `${say("corner", { n: at + 1 })}: ${say(axis ? "longitude" : "latitude")}`);
        field.addEventListener("change", () => {
          const values = fields.map((input) => degrees(input.value));
          const bad = fields.filter((input, i) => input.value.trim() !== "" && Number.isNaN(values[i]));
          fields.forEach((input) => (bad.includes(input) ? input.setAttribute("aria-invalid", "true") : input.removeAttribute("aria-invalid")));
          if (bad.length) { warn("number"); return; }
          if (values.some(Number.isNaN)) return;
          if (at < ring.length) change(ring.map((old, i) => (i === at ? values : old)));
          else add(values);
          fit();
        });
      });
      const button = made.querySelector("[data-remove]");
      button.setAttribute("aria-label", say("remove", { n: at + 1 }));
      button.addEventListener("click", () => {
        if (at < ring.length) remove(at); else made.remove();
        const next = rows.children[Math.min(at, rows.children.length - 1)];
        (next ? next.querySelector("[data-remove]") : one("[data-do=row]")).focus();
      });
      return made;
    }

    function show() {
      shape.setLatLngs(ring);
      showHandles();
      showRows();
      const ha = hectares(ring).toLocaleString(language, { minimumFractionDigits: 2, maximumFractionDigits: 4 });
      sum.textContent = ring.length > 2 ? say("area", { n: ring.length, ha }) : say("few", { n: ring.length });
      hidden.value = ring.length > 2 ? JSON.stringify({ type: "Polygon", coordinates: [[...ring, ring[0]].map(([lat, lon]) => [lon, lat])] }) : "";
      keepLines();
      one("[data-do=undo]").disabled = !past.length;
      one("[data-do=delete]").disabled = chosen < 0;
      judge();
    }

    map.on("click", ({ latlng }) => add([latlng.lat, latlng.lng]));
    map.on("zoomend", showHandles);

    /* ---- walking the boundary ---- */
    let watch = null;
    let here = null;
    const accuracy = one("[data-accuracy]");
    const walkButton = one("[data-do=walk]");
    function walk() {
      const on = watch === null;
      if (!on) { navigator.geolocation.clearWatch(watch); watch = null; here = null; standing.clearLayers(); }
      one("[data-walk]").hidden = !on;
      walkButton.setAttribute("aria-pressed", String(on));
      walkButton.querySelector("span").textContent = say(on ? "walk_end" : "walk");
      if (!on) return;
      if (!navigator.geolocation) { accuracy.textContent = say("denied"); return; }
      accuracy.textContent = say("searching");
      let first = true;
      watch = navigator.geolocation.watchPosition(({ coords }) => {
        here = [coords.latitude, coords.longitude];
        const m = Math.round(coords.accuracy);
        accuracy.textContent = say(m > 15 ? "coarse" : "accuracy", { m });
        one("[data-do=here]").disabled = false;
        standing.clearLayers();
        L.circle(here, { radius: coords.accuracy, color: "#1a56db", weight: 1, fillOpacity: 0.1, interactive: false }).addTo(standing);
        L.circleMarker(here, { radius: 7, color: "#fff", weight: 3, fillColor: "#1a56db", fillOpacity: 1, interactive: false }).addTo(standing);
        if (first) { map.setView(here, Math.max(map.getZoom(), 17), { animate: false }); first = false; } else map.panInside(here, { padding: [40, 40] });
      }, () => { accuracy.textContent = say("denied"); one("[data-do=here]").disabled = true; }, { enableHighAccuracy: true, maximumAge: 2000, timeout: 30000 });
    }

    const does = {
      undo: () => { if (past.length) { ring = past.pop(); chosen = -1; show(); sum.textContent = `${say("undone")} ${sum.textContent}`; hidden.dispatchEvent(new Event("input", { bubbles: true })); } },
      delete: () => remove(chosen),
      fit,
      walk,
      here: () => { if (here) add([...here]); },
      row: () => { rows.append(row(rows.children.length)); rows.lastElementChild.querySelector("input").focus(); },
    };
    root.addEventListener("click", (event) => {
      const button = event.target.closest("[data-do]");
      if (button) does[button.dataset.do]();
    });

    const form = root.closest("form");
    if (form) {
      form.addEventListener("draft:restored", () => { ring = parse(hidden.value); if (!ring.length) ring = fromLines(lines.value); past.length = 0; show(); fit(); });
      if (root.dataset.declared && form.elements[root.dataset.declared]) form.elements[root.dataset.declared].addEventListener("change", judge);
    }
    show();
    if (ring.length) fit();
    if (root.dataset.neighbours) showNeighbours(JSON.parse(root.dataset.neighbours));
    else if (root.dataset.neighboursUrl) fetch(root.dataset.neighboursUrl).then((answer) => (answer.ok ? answer.json() : null)).then((found) => found && showNeighbours(found)).catch(() => { /* the drawing works without neighbours */ });
  }

  if (window.L) document.querySelectorAll("[data-area-editor]").forEach(edit);
})();
