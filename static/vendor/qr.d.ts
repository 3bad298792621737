// Built by scripts/vendor.py: the types of the bundle beside it.
export { encodeQR } from "qr";
