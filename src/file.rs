// SPDX-License-Identifier: Apache-2.0

//! Files that may hold a key.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use crate::cleansed::Cleansed;

/// The longest file that is read, in bytes: CRLs can be large.
const MAX_LENGTH: u64 = 256 << 20;

/// Room for what tells no length, such as a file in /proc.
const MIN_CAPACITY: u64 = 64 << 10;

/// The octets of a file, wiped when they are dropped.
#[derive(PartialEq, Eq)]
pub struct FileContent(Cleansed);

impl FileContent {
    /// Reads a regular file. Neither a pipe nor a device is waited for.
    ///
    /// # Errors
    ///
    /// The system's; and others for what is no regular file, is longer than 256 MiB, or grew while
    /// it was read.
    pub fn read(file: &Path) -> io::Result<Self> {
        // Without O_NONBLOCK the opening of a pipe waits for its other end.
        let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(file)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        if metadata.len() > MAX_LENGTH {
            return Err(io::Error::other("it is longer than 256 MiB"));
        }
        Self::read_from(file, metadata.len().saturating_add(1).max(MIN_CAPACITY))
    }

    fn read_from(file: File, capacity: u64) -> io::Result<Self> {
        let size = usize::try_from(capacity).map_err(io::Error::other)?;
        // Room for all of it at once, so that growing leaves no copies behind.
        let mut content = Vec::with_capacity(size);
        let read = file.take(capacity).read_to_end(&mut content);
        let content = Self::from(content);
        read?;
        if content.0.len() >= size {
            return Err(io::Error::other("it grew while it was read"));
        }
        Ok(content)
    }

    /// What was read.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.0
    }
}

/// Octets to be wiped as those of a file are.
impl From<Vec<u8>> for FileContent {
    fn from(octets: Vec<u8>) -> Self {
        Self(octets.into())
    }
}

/// Why a file could not be read, without the number that Rust puts after the system's words.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use std::{ffi::CString, fs, os::unix::ffi::OsStrExt};

    use super::*;
    use crate::testing::Directory;

    fn why(file: &Path) -> String {
        FileContent::read(file).map(|_| ()).map_err(|error| reason(&error)).unwrap_err()
    }

    #[test]
    fn regular_files_are_read() {
        let directory = Directory::new("file-regular");
        let file = directory.path().join("regular");
        for length in [0, 1, 65_535, 65_536, 65_537, 1 << 20] {
            let text = vec![b'x'; length];
            fs::write(&file, &text).unwrap();
            assert_eq!(FileContent::read(&file).unwrap().octets(), text, "{length}");
        }
        let link = directory.path().join("link");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert_eq!(FileContent::read(&link).unwrap().octets().len(), 1 << 20, "a link");
        // It tells a length of 0.
        assert!(!FileContent::read(Path::new("/proc/self/status")).unwrap().octets().is_empty());
    }

    #[test]
    fn nothing_else_is_waited_for() {
        let directory = Directory::new("file-pipe");
        let pipe = directory.path().join("pipe");
        let name = CString::new(pipe.as_os_str().as_bytes()).unwrap();
        // SAFETY: a NUL-terminated string.
        assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
        assert_eq!(why(&pipe), "it is no regular file");
        for other in ["/", "/dev/null"] {
            assert_eq!(why(Path::new(other)), "it is no regular file", "{other}");
        }
        assert_eq!(why(Path::new("/nonexistent/file")), "No such file or directory");
        assert_eq!(why(Path::new("/dev/null/file")), "Not a directory");
    }

    #[test]
    fn length_is_bounded() {
        let directory = Directory::new("file-long");
        let file = directory.path().join("long");
        // A hole, which takes no room.
        File::create(&file).unwrap().set_len(MAX_LENGTH + 1).unwrap();
        assert_eq!(why(&file), "it is longer than 256 MiB");
        fs::write(&file, "1234").unwrap();
        for (capacity, grew) in [(5, false), (4, true), (1, true)] {
            let read = FileContent::read_from(File::open(&file).unwrap(), capacity);
            assert_eq!(read.is_err(), grew, "{capacity}");
        }
    }
}
