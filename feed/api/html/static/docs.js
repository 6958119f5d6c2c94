// Shows the document of the API: tags in the language of the reader, locks on operations that need a token only.

const languages = { zh: "zh-CN", en: "en" };
const asked = new URLSearchParams(location.search).get("lang");
const language = asked in languages ? asked : (navigator.language || "zh").toLowerCase().startsWith("en") ? "en" : "zh";
document.documentElement.lang = languages[language];
for (const each of document.querySelectorAll("[data-lang]")) each.hidden = each.dataset.lang !== language;
for (const link of document.querySelectorAll("[data-to]")) {
  if (link.dataset.to === language) link.setAttribute("aria-current", "true");
}

// Chinese first, English second; in English only the English names.
function translate(document) {
  const names = new Map();
  for (const tag of document.tags) {
    if (language !== "zh" || !tag["x-zh"]) continue;
    names.set(tag.name, `${tag["x-zh"].name} ${tag.name}`);
    tag.description = tag["x-zh"].description;
    tag.name = names.get(tag.name);
  }
  for (const item of Object.values(document.paths)) {
    for (const operation of Object.values(item)) {
      operation.tags = operation.tags.map((each) => names.get(each) || each);
      // What is public has no lock; a token that was given is sent nevertheless.
      if ((operation.security || []).some((each) => !Object.keys(each).length)) operation.security = [];
    }
  }
  return document;
}

async function start() {
  const response = await fetch("/openapi.json");
  const ui = window.SwaggerUIBundle({
    spec: translate(await response.json()),
    dom_id: "#contract",
    deepLinking: true,
    docExpansion: "none",
    defaultModelsExpandDepth: 0,
    filter: true,
    persistAuthorization: false,
    presets: [window.SwaggerUIBundle.presets.apis],
    requestInterceptor: (request) => {
      const token = ui.getState().getIn(["auth", "authorized", "bearer", "value"]);
      if (token && !request.headers.Authorization && new URL(request.url, location.href).origin === location.origin) {
        request.headers.Authorization = `Bearer ${token}`;
      }
      return request;
    },
  });
}

start();
