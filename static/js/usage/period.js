// The form for a period of one's own: people write local times, the address holds UTC.

/** Fills the fields of `data-utc` and sends them as UTC. */
export function startPeriodForms(root = document) {
  for (const form of root.querySelectorAll("[data-period-form]")) {
    for (const field of fields(form)) {
      if (field.dataset.utc) field.value = toLocal(new Date(`${field.dataset.utc}Z`));
    }
    form.addEventListener("formdata", ({ formData }) => {
      for (const field of fields(form)) formData.set(field.name, new Date(field.value).toISOString());
    });
  }
}

const fields = (form) => form.querySelectorAll("input[type=datetime-local]");

const two = (number) => String(number).padStart(2, "0");

function toLocal(moment) {
  const date = [moment.getFullYear(), two(moment.getMonth() + 1), two(moment.getDate())].join("-");
  return `${date}T${[moment.getHours(), moment.getMinutes(), moment.getSeconds()].map(two).join(":")}`;
}
