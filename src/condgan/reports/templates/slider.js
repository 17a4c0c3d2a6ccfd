for (const figure of document.querySelectorAll(".slider")) {
  const frames = [...figure.querySelectorAll(".frame")];
  if (frames.length < 2) continue;
  const input = Object.assign(document.createElement("input"), { type: "range", min: 0, max: frames.length - 1, value: frames.length - 1 });
  input.setAttribute("aria-label", figure.querySelector("figcaption")?.textContent ?? "");
  const show = () => frames.forEach((frame, place) => frame.classList.toggle("shown", place === +input.value));
  input.addEventListener("input", show);
  figure.classList.add("moving");
  figure.querySelector(".frames").before(input);
  show();
}
