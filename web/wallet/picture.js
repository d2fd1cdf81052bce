/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a QR code off a picture, by the browser's own detector. Not every browser has one; where there is
 * none, the text is pasted instead.
 */

export function picturesReadable() {
    return typeof globalThis.BarcodeDetector === "function";
}

/* The text of the first code in the picture; throws an error with code "picture" when there is none. */
export async function readPicture(file) {
    let codes = [];
    try {
        const picture = await createImageBitmap(file);
        codes = await new globalThis.BarcodeDetector({ formats: ["qr_code"] }).detect(picture);
        picture.close();
    } catch {
        /* Not a picture: the same as one without a code. */
    }
    if (codes.length === 0) throw Object.assign(new Error("no code"), { code: "picture" });
    return codes[0].rawValue;
}
