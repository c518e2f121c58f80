//! Files whose content is compressed: no search of their bytes says what is in them.

/// How compressed files, archives and the stores of git begin.
const STARTS: [&[u8]; 20] = [
    b"\x1F\x8B",           // gzip
    b"\x1F\x9D",           // compress
    b"\x1F\xA0",           // compress, an older way
    b"BZh",                // bzip2
    b"\xFD7zXZ\0",         // xz
    b"LZIP",               // lzip
    b"\x5D\0\0",           // lzma
    b"\x28\xB5\x2F\xFD",   // Zstandard
    b"\x04\x22\x4D\x18",   // LZ4
    b"\xFF\x06\0\0sNaPpY", // Snappy
    b"PK\x03\x04",         // zip, and so jar, whl, docx, xlsx, odt, apk
    b"PK\x07\x08",         // zip in parts
    b"7z\xBC\xAF\x27\x1C", // 7-Zip
    b"Rar!\x1A\x07",       // RAR
    b"MSCF",               // cabinet
    b"%PDF-",              // PDF: its streams are deflated
    b"\x78\x01",           // zlib, and so a loose object of git
    b"\x78\x9C",           // zlib
    b"\x78\xDA",           // zlib
    b"PACK\0\0\0",         // a pack of git
];
/// A bundle of git is a header of text and a pack.
const BUNDLE: &[u8] = b"# v";
const BUNDLE_NAME: &[u8] = b" git bundle\n";

/// Whether a file that begins like this is compressed.
pub(super) fn is_compressed(head: &[u8]) -> bool {
    let is_bundle = || {
        let rest = head.strip_prefix(BUNDLE).and_then(|rest| rest.get(1..));
        rest.is_some_and(|rest| rest.starts_with(BUNDLE_NAME))
    };
    STARTS.iter().any(|start| head.starts_with(start)) || is_bundle()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compressed_files_are_known_by_their_beginning() {
        for head in
            [&b"\x1F\x8B\x08\0"[..], b"PK\x03\x04\x14", b"%PDF-1.7", b"PACK\0\0\0\x02", b"# v3 git bundle\n"]
        {
            assert!(is_compressed(head), "{head:?}");
        }
        for head in
            [&b""[..], b"PK", b"# v", b"# version 3 git bundle\n", b"x = 1", b"\x7fELF", b"BZ", b"PACKAGE"]
        {
            assert!(!is_compressed(head), "{head:?}");
        }
    }
}
