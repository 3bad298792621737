// An identity that only remembers whether it was wiped, who is blocked and who was met; it has the shape of static/js/ui/own_identity.js.
//
// A test that wants a browser which keeps nothing sets `lowkey.forgetful` in its localStorage, one whose records are
// damaged `lowkey.damaged`.

export async function openOwnIdentity() {
  if (localStorage.getItem("lowkey.damaged") !== null) {
    throw new Error("What this device keeps of its identity is damaged. Nothing was changed.");
  }
  const wipe = async () => localStorage.setItem("lowkey.wiped", "");
  const blocks = { names: JSON.parse(localStorage.getItem("test.blocked") ?? "[]") };
  return { identity: { wipe, blocks, met: [] }, persistent: localStorage.getItem("lowkey.forgetful") === null };
}

export async function deleteOwnIdentity() {
  localStorage.removeItem("lowkey.damaged");
  localStorage.setItem("test.deleted", "");
}
