//! Walking through the headers of a tar file, without reading what they describe.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use tar::{EntryType, Header};

use super::error::TarError;
use super::name::shown;
use super::pax::Pax;

/// The unit of a tar file: a header is one block, and a member fills whole ones.
pub(super) const BLOCK: u64 = 512;
/// How much is read at once: the header behind a small member comes with the one before it.
const WINDOW: u64 = 4096;
/// The longest PAX header or long name: far above any path.
const MAX_EXTENSION: u64 = 1 << 20;
/// How far behind the end of an archive another is looked for; tar fills up to 10 KiB with zeros.
const SEARCH: u64 = 1 << 20;

/// A member of a tar file, as its headers describe it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Member {
    /// Where the first of its headers begins: those of a long name come first.
    pub(super) start: u64,
    pub(super) name: Vec<u8>,
    pub(super) kind: Kind,
    /// Where its bytes begin, and how many there are.
    pub(super) offset: u64,
    pub(super) size: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Folder,
    /// What the member is, as a type flag of tar.
    Refused(u8),
}

/// The headers of a tar file from one place on.
pub(super) struct Headers<'a> {
    path: &'a Path,
    file: &'a File,
    /// The file's size.
    bytes: u64,
    position: u64,
    window: Vec<u8>,
    window_at: u64,
}

/// What the headers before a member's own say about it.
#[derive(Default)]
struct Extensions {
    name: Option<Vec<u8>>,
    link: bool,
    pax: Option<Pax>,
}

impl<'a> Headers<'a> {
    pub(super) fn new(path: &'a Path, file: &'a File, bytes: u64, position: u64) -> Self {
        Self {
            path,
            file,
            bytes,
            position,
            window: Vec::new(),
            window_at: 0,
        }
    }

    /// The next member; none at the archive's end.
    pub(super) fn next(&mut self) -> Result<Option<Member>, TarError> {
        let start = self.position;
        let mut extensions = Extensions::default();
        loop {
            let at = self.position;
            let Some(header) = self.header()? else {
                return match self.position == start {
                    true => Ok(None),
                    false => Err(self.damaged(start, "describes a member that is not there")),
                };
            };
            let size = self.size(&header, at)?;
            match header.entry_type() {
                EntryType::GNULongName => {
                    let name = self.extension(at, size)?;
                    self.once(at, extensions.name.replace(until_zero(name)).is_some())?;
                }
                EntryType::GNULongLink => {
                    self.extension(at, size)?;
                    self.once(at, std::mem::replace(&mut extensions.link, true))?;
                }
                EntryType::XHeader => {
                    let pax = self.pax(at, size)?;
                    self.once(at, extensions.pax.replace(pax).is_some())?;
                }
                EntryType::XGlobalHeader => {
                    if self.pax(at, size)? != Pax::default() {
                        return Err(self.damaged(at, "sets a name or a size for all members"));
                    }
                }
                _ => return self.member(start, at, &header, size, extensions).map(Some),
            }
        }
    }

    /// The member whose own header begins at `at`.
    fn member(
        &mut self,
        start: u64,
        at: u64,
        header: &Header,
        size: u64,
        extensions: Extensions,
    ) -> Result<Member, TarError> {
        let pax = extensions.pax.unwrap_or_default();
        if pax.size.is_some_and(|pax_size| pax_size != size) {
            return Err(self.damaged(at, "has another size than its PAX header says"));
        }
        if matches!((&pax.path, &extensions.name), (Some(a), Some(b)) if a != b) {
            return Err(self.damaged(at, "has one long name for GNU tar and another for PAX"));
        }
        let longer = pax.path.or(extensions.name);
        let name = longer.unwrap_or_else(|| header.path_bytes().into_owned());
        let kind = kind(header, &name, pax.is_sparse);
        let holds_nothing = matches!(kind, Kind::Folder | Kind::Refused(b'1'..=b'6'));
        if holds_nothing && size != 0 {
            return Err(self.damaged(at, "gives a size to what is no file"));
        }
        if header.entry_type().is_gnu_sparse() {
            self.skip_sparse_map(header)?;
        }
        let offset = self.position;
        self.pass(at, &name, size)?;
        Ok(Member {
            start,
            name,
            kind,
            offset,
            size,
        })
    }

    /// The next header; none at the end of the archive or of the file.
    fn header(&mut self) -> Result<Option<Header>, TarError> {
        let at = self.position;
        if at >= self.bytes {
            return Ok(None);
        }
        let mut header = Header::new_old();
        self.read(header.as_mut_bytes(), b"header")?;
        let bytes = header.as_bytes();
        if bytes.iter().all(|&byte| byte == 0) {
            self.position = at;
            return Ok(None);
        }
        if header.cksum().ok() == Some(checksum(bytes)) {
            return Ok(Some(header));
        }
        let path = self.path.to_owned();
        let reason = "has no valid checksum".to_owned();
        Err(match at {
            0 => TarError::NotATar { path, reason },
            offset => TarError::Header {
                path,
                offset,
                reason,
            },
        })
    }

    /// The size in a header. In the form with base 256 only the last 8 of 12 bytes may be
    /// used: readers differ about the others, and about negative sizes.
    fn size(&self, header: &Header, at: u64) -> Result<u64, TarError> {
        let field = &header.as_bytes()[124..136];
        let is_base_256 = field[0] & 0x80 != 0;
        let overflows = field[0] != 0x80 || field[1..4] != [0; 3] || field[4] & 0x80 != 0;
        if is_base_256 && overflows {
            return Err(self.damaged(at, "has a size that is negative or above all bounds"));
        }
        let size = header.entry_size();
        size.map_err(|_| self.damaged(at, "has a size that is no number"))
    }

    fn extension(&mut self, at: u64, size: u64) -> Result<Vec<u8>, TarError> {
        if size > MAX_EXTENSION {
            return Err(self.damaged(at, "holds a name or properties of more than 1 MiB"));
        }
        let from = self.position;
        self.pass(at, b"header", size)?;
        let after = std::mem::replace(&mut self.position, from);
        let mut bytes = vec![0; size as usize];
        self.read(&mut bytes, b"header")?;
        self.position = after;
        Ok(bytes)
    }

    fn pax(&mut self, at: u64, size: u64) -> Result<Pax, TarError> {
        let bytes = self.extension(at, size)?;
        Pax::parse(&bytes).ok_or_else(|| self.damaged(at, "holds malformed PAX records"))
    }

    fn once(&self, at: u64, again: bool) -> Result<(), TarError> {
        match again {
            true => Err(self.damaged(at, "describes a member that was described before")),
            false => Ok(()),
        }
    }

    /// Passes the further blocks of an old GNU sparse file's map.
    fn skip_sparse_map(&mut self, header: &Header) -> Result<(), TarError> {
        let mut goes_on = header.as_bytes()[482] != 0;
        while goes_on {
            let mut block = [0; BLOCK as usize];
            self.read(&mut block, b"header")?;
            goes_on = block[504] != 0;
        }
        Ok(())
    }

    /// Passes a member's bytes, which must be there.
    fn pass(&mut self, at: u64, name: &[u8], size: u64) -> Result<(), TarError> {
        let end = self.position.checked_add(size);
        let padded = end.and_then(|end| end.checked_next_multiple_of(BLOCK));
        match (end, padded) {
            (Some(end), Some(padded)) if end <= self.bytes => {
                self.position = padded;
                Ok(())
            }
            _ => Err(self.cut(at, name, end.unwrap_or(u64::MAX))),
        }
    }

    /// Reads what is next.
    fn read(&mut self, into: &mut [u8], name: &[u8]) -> Result<(), TarError> {
        let end = self.position + into.len() as u64;
        if end > self.bytes {
            return Err(self.cut(self.position, name, end));
        }
        let window_end = self.window_at + self.window.len() as u64;
        if self.position < self.window_at || end > window_end {
            self.fill_window(into.len())?;
        }
        let from = (self.position - self.window_at) as usize;
        into.copy_from_slice(&self.window[from..from + into.len()]);
        self.position = end;
        Ok(())
    }

    /// Reads the window that begins here and holds at least `needed` bytes.
    fn fill_window(&mut self, needed: usize) -> Result<(), TarError> {
        let length = (self.bytes - self.position).min(WINDOW.max(needed as u64));
        let mut window = std::mem::take(&mut self.window);
        window.resize(length as usize, 0);
        read_exact_at(self.file, &mut window, self.position).map_err(|source| TarError::Io {
            path: self.path.to_owned(),
            source,
        })?;
        self.window = window;
        self.window_at = self.position;
        Ok(())
    }

    /// Looks for another archive behind the end of this one, which no reader would see.
    pub(super) fn check_end(&mut self) -> Result<(), TarError> {
        let end = self.position;
        let last = self.bytes.min(end.saturating_add(SEARCH));
        let mut block = [0; BLOCK as usize];
        while self.position + BLOCK <= last {
            let offset = self.position;
            self.read(&mut block, b"header")?;
            if is_header(&block) {
                return Err(TarError::SecondArchive {
                    path: self.path.to_owned(),
                    end,
                    offset,
                });
            }
        }
        Ok(())
    }

    fn damaged(&self, offset: u64, reason: &str) -> TarError {
        TarError::Header {
            path: self.path.to_owned(),
            offset,
            reason: reason.to_owned(),
        }
    }

    fn cut(&self, offset: u64, name: &[u8], end: u64) -> TarError {
        TarError::Cut {
            path: self.path.to_owned(),
            name: shown(name),
            offset,
            end,
            bytes: self.bytes,
        }
    }
}

fn kind(header: &Header, name: &[u8], is_sparse: bool) -> Kind {
    match header.entry_type() {
        _ if is_sparse => Kind::Refused(b'S'),
        // An old header has no type of its own for a folder.
        EntryType::Regular | EntryType::Continuous if name.ends_with(b"/") => Kind::Folder,
        EntryType::Regular | EntryType::Continuous => Kind::File,
        EntryType::Directory => Kind::Folder,
        other => Kind::Refused(other.as_byte()),
    }
}

/// What a refused type flag stands for.
pub(super) fn kind_name(flag: u8) -> &'static str {
    match flag {
        b'1' => "a hard link",
        b'2' => "a symbolic link",
        b'3' | b'4' => "a device",
        b'6' => "a named pipe",
        b'S' => "a sparse file",
        _ => "of a type that is not known",
    }
}

/// The sum of a header's bytes, those of the checksum itself taken as spaces.
fn checksum(header: &[u8; BLOCK as usize]) -> u32 {
    let sum = |bytes: &[u8]| bytes.iter().map(|&byte| u32::from(byte)).sum::<u32>();
    sum(&header[..148]) + 8 * u32::from(b' ') + sum(&header[156..])
}

fn is_header(block: &[u8; BLOCK as usize]) -> bool {
    let cksum = Header::from_byte_slice(block).cksum().ok();
    block[257..].starts_with(b"ustar") && cksum == Some(checksum(block))
}

fn until_zero(mut name: Vec<u8>) -> Vec<u8> {
    let end = name.iter().position(|&byte| byte == 0);
    name.truncate(end.unwrap_or(name.len()));
    name
}

/// Fills `into` from a place in the file.
pub(super) fn read_exact_at(mut file: &File, into: &mut [u8], offset: u64) -> io::Result<()> {
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(into)
}
