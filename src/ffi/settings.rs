// SPDX-License-Identifier: Apache-2.0

//! What the module's directives say.

use std::{
    collections::BTreeMap,
    ffi::{CStr, c_char},
    ptr::{null, null_mut},
};

use super::{
    allocator::Allocator,
    configuration::{Configuration, Directive},
    configured_files::{ConfiguredFileRow, FilesHandle},
    listener::Listener,
    panic::boundary,
    pointer,
    result::ClientCertResult,
    trust::NamesHandle,
};
use crate::{
    accept_role::{Finding, Format},
    config::tree,
    directives::{
        Line, SectionNumbers, Settings,
        accept::{DEFAULT_MAX_AGE, DEFAULT_SKEW},
        forward::{ForwardLine, ForwardVariables},
        server::{KeptHeaders, SignerSource},
    },
    http::field_names::FieldNames,
    printable::printable,
    variable_headers::VariableHeaders,
    verify::trust::TrustNames,
};

/// The longest line, in bytes: names of files may be long.
const MAX_LINE: usize = 10_000;

/// A directive as httpd has read it.
#[repr(C)]
pub struct SettingLine {
    /// Its words, as httpd gives them; none of one that httpd gives as a whole line. One that is on or off
    /// has that word.
    pub words: *const *const c_char,
    /// Their number.
    pub word_count: usize,
    /// The words as absolute names of files, NULL for one that is no name; NULL where the directive
    /// names no file.
    pub paths: *const *const c_char,
    /// The time in words; NULL where the directive names no file.
    pub now: *const c_char,
    /// The directive itself, then the sections around it, the innermost first.
    pub directives: *const Directive,
    /// Their number.
    pub directive_count: usize,
    /// The number of its server.
    pub server: usize,
    /// Whether it stands in the server itself, and not in a section.
    pub is_whole: bool,
    /// Whether a running server reads its configuration again: a file is then no fault.
    pub restarts: bool,
}

/// One header to send: a ClientCertForward.
#[repr(C)]
pub struct ForwardLineRow {
    /// A client_cert_format.
    pub format: u32,
    /// Whether its value is signed.
    pub is_signed: bool,
    /// The header's name, as configured.
    pub header: *const c_char,
}

/// A section's ClientCertForward, all of them.
#[repr(C)]
pub struct ForwardLineRows {
    /// None for "off".
    pub lines: *const ForwardLineRow,
    /// Their number.
    pub count: usize,
}

/// A section's ClientCertForwardVariable, all of them.
#[repr(C)]
pub struct ForwardVariableRow {
    /// NULL for "off".
    pub headers: *const VariableHeaders,
}

/// What a section says of the forward role. What it points to lives as long as the settings.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForwardPart {
    /// ClientCertForward; NULL where unset.
    pub lines: *const ForwardLineRows,
    /// ClientCertForwardVariable; NULL where unset.
    pub variables: *const ForwardVariableRow,
    /// ClientCertForwardChain: 1 or 0, -1 where unset.
    pub chain: i32,
    /// ClientCertSignerCerts: a client_cert_signer_certs, -1 where unset.
    pub signer_certs: i32,
    /// By which the settings know the section; 0 where no directive of the role stands. Of what is
    /// merged it tells no more than that there is one.
    pub section: usize,
}

/// What a section says of the accept role. What it points to lives as long as the settings.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcceptPart {
    /// ClientCertAccept: a client_cert_format, -1 where unset, -2 for off.
    pub format: i32,
    /// The number of the client_cert_accepted_name, with a format.
    pub header: i32,
    /// Whether a value is signed, with a format.
    pub is_signed: bool,
    /// Whether ClientCertMaxAge is set.
    pub has_max_age: bool,
    /// ClientCertTrust; NULL where unset.
    pub anchors: *const ConfiguredFileRow,
    /// ClientCertTrustCRL; NULL where unset.
    pub crls: *const ConfiguredFileRow,
    /// ClientCertTrustName; NULL where unset. Empty before client_cert_settings_complete().
    pub names: *const NamesHandle,
    /// ClientCertClientTrust; NULL where unset.
    pub client_cas: *const ConfiguredFileRow,
    /// ClientCertClientCRL; NULL where unset.
    pub client_crls: *const ConfiguredFileRow,
    /// ClientCertTrustPeer: 1 or 0, -1 where unset.
    pub trust_peer: i32,
    /// ClientCertMaxAge in seconds; its default where unset.
    pub max_age: u32,
    /// Its second word, the same.
    pub skew: u32,
    /// ClientCertUserName, a variable; NULL where unset.
    pub user_name: *const c_char,
    /// By which the settings know the section; 0 where no directive of the role stands. Of what is
    /// merged it tells no more than that there is one.
    pub section: usize,
}

/// A header that some directive of the accept role reads.
#[repr(C)]
pub struct AcceptedNameRow {
    /// Its name.
    pub name: *const c_char,
    /// In the order of the directives.
    pub number: i32,
}

/// What tells without a call that most names are none of a set.
///
/// A walk begins with the number that `first` has for a name's first octet. While it is above 1, the
/// walk goes on with the next octet, the NUL that ends the name included, after which it never is: the
/// next number is that of `next` at the last number and the octet's class together. 0 tells that the
/// name is not in the set; 1, that client_cert_field_names_owner() can tell.
#[repr(C)]
pub struct FieldNameTree {
    /// The number after each first octet.
    pub first: [u16; 256],
    /// The class of each octet.
    pub classes: [u8; 256],
    /// The array of numbers.
    pub next: *const u16,
    /// The set.
    pub set: *const FieldNames,
}

/// ClientCertKnownHeaders of a server.
#[repr(C)]
pub struct KeptHeaderRows {
    /// The names to keep.
    pub names: *const *const c_char,
    /// Their number.
    pub count: usize,
    /// Whether it is "keep" without a name.
    pub all: bool,
}

/// What holds for a server, with what it has of the main server. What it points to lives as long as
/// the settings.
#[repr(C)]
pub struct ServerPart {
    /// The number of the server, which its directives had.
    pub number: usize,
    /// ClientCertSigner; NULL for "server".
    pub signer: *const ConfiguredFileRow,
    /// ClientCertSignatureLifetime in seconds.
    pub lifetime: u32,
    /// The client_cert_signer_certs of ClientCertSignerCerts, sections included, as bits.
    pub signer_certs: u32,
    /// ClientCertKnownHeaders.
    pub kept: KeptHeaderRows,
    /// Whether ClientCertIncoming is reject.
    pub rejects: bool,
    /// Whether it forwards, as a whole or in a section.
    pub forwards: bool,
    /// Whether a ClientCertForward signs, of it or of a section.
    pub signs: bool,
    /// Whether a ClientCertAccept accepts, of it or of a section.
    pub accepts: bool,
}

/// What holds for the whole configuration. What it points to lives as long as the settings.
#[repr(C)]
pub struct WholePart {
    /// ClientCertSignatureCache in bytes, for both roles together; 0 for none.
    pub cache_size: usize,
    /// The first directive that sends something of a client; NULL where none does.
    pub forwarding_directive: *const c_char,
    /// Client-Cert-Chain among the accepted names; NULL where no ClientCertClientTrust has it read.
    pub chain_name: *const AcceptedNameRow,
    /// Whether some ClientCertAccept names a format.
    pub accepts: bool,
}

/// What the directives of a configuration say.
pub struct SettingsHandle {
    settings: Settings,
    /// What C was given of sections, by their numbers, each at an address that stays.
    forward: BTreeMap<usize, ForwardRows>,
    names: BTreeMap<usize, Box<NamesHandle>>,
    /// What C was given once all directives were there.
    complete: Complete,
}

// SAFETY: the pointers are to the object's own parts. C reads them, and they change only in functions
// during which, as their texts say, no other thread uses the object.
unsafe impl Send for SettingsHandle {}
// SAFETY: the same.
unsafe impl Sync for SettingsHandle {}

#[derive(Default)]
struct ForwardRows {
    lines: Vec<ForwardLineRow>,
    whole: Option<Box<ForwardLineRows>>,
    variables: Option<Box<ForwardVariableRow>>,
}

#[derive(Default)]
struct Complete {
    our_names: Option<Box<FieldNames>>,
    arriving_names: Option<Box<FieldNames>>,
    /// By their names in lower case.
    accepted: Vec<AcceptedNameRow>,
    sorted: Vec<Vec<u8>>,
    kept: Vec<(KeptHeaders, Vec<*const c_char>)>,
}

/// What a section says of a role.
trait Part: Copy {
    /// Before the first directive.
    const UNSET: Self;

    /// By which the settings know the section; 0 where no directive of the role stands.
    fn section(&self) -> usize;

    /// Takes from `base` what is unset here. Apart, since hardly any two sections both say something.
    fn fill(&mut self, base: &Self);
}

/// # Safety
///
/// `part` is NULL, or may be written.
unsafe fn init<P: Part>(part: *mut P) {
    if !part.is_null() {
        // SAFETY: the caller's part.
        unsafe { part.write(P::UNSET) };
    }
}

/// # Safety
///
/// Each is NULL or valid, `part` to be written.
unsafe fn merge<P: Part>(base: *const P, add: *const P, part: *mut P) {
    if base.is_null() || add.is_null() || part.is_null() {
        return;
    }
    // SAFETY: the caller's part; none is NULL.
    unsafe {
        match ((*base).section(), (*add).section()) {
            (_, 0) => part.write(*base),
            (0, _) => part.write(*add),
            _ => {
                part.write(*add);
                (*part).fill(&*base);
            }
        }
    }
}

impl Part for ForwardPart {
    const UNSET: Self =
        Self { lines: null(), variables: null(), chain: -1, signer_certs: -1, section: 0 };

    fn section(&self) -> usize {
        self.section
    }

    #[inline(never)]
    fn fill(&mut self, base: &Self) {
        if self.lines.is_null() {
            self.lines = base.lines;
        }
        if self.variables.is_null() {
            self.variables = base.variables;
        }
        if self.chain < 0 {
            self.chain = base.chain;
        }
        if self.signer_certs < 0 {
            self.signer_certs = base.signer_certs;
        }
    }
}

impl Part for AcceptPart {
    const UNSET: Self = Self {
        format: -1,
        header: 0,
        is_signed: false,
        has_max_age: false,
        anchors: null(),
        crls: null(),
        names: null(),
        client_cas: null(),
        client_crls: null(),
        trust_peer: -1,
        max_age: DEFAULT_MAX_AGE,
        skew: DEFAULT_SKEW,
        user_name: null(),
        section: 0,
    };

    fn section(&self) -> usize {
        self.section
    }

    #[inline(never)]
    fn fill(&mut self, base: &Self) {
        if self.format == Self::UNSET.format {
            self.format = base.format;
            self.header = base.header;
            self.is_signed = base.is_signed;
        }
        if !self.has_max_age {
            self.has_max_age = base.has_max_age;
            self.max_age = base.max_age;
            self.skew = base.skew;
        }
        if self.anchors.is_null() {
            self.anchors = base.anchors;
        }
        if self.crls.is_null() {
            self.crls = base.crls;
        }
        if self.names.is_null() {
            self.names = base.names;
        }
        if self.client_cas.is_null() {
            self.client_cas = base.client_cas;
        }
        if self.client_crls.is_null() {
            self.client_crls = base.client_crls;
        }
        if self.trust_peer < 0 {
            self.trust_peer = base.trust_peer;
        }
        if self.user_name.is_null() {
            self.user_name = base.user_name;
        }
    }
}

impl SettingLine {
    /// # Safety
    ///
    /// The parts are NULL, or valid as the header's rules say for as long as the call of `apply`.
    unsafe fn read<R>(
        &self,
        apply: impl FnOnce(&Line<'_>) -> Result<R, ClientCertResult>,
    ) -> Result<R, ClientCertResult> {
        // SAFETY: the caller's part.
        let (words, rows, now) = unsafe {
            let now = (!self.now.is_null()).then(|| pointer::string(self.now)).transpose()?;
            (
                pointer::strings(self.words, self.word_count)?,
                pointer::elements(self.directives, self.directive_count)?,
                now.unwrap_or_default(),
            )
        };
        let path_count = if self.paths.is_null() { 0 } else { self.word_count };
        // SAFETY: the caller's part.
        let paths = unsafe { pointer::elements(self.paths, path_count)? };
        // SAFETY: the caller's part, and the text of `paths`.
        let path = |&path: &*const c_char| unsafe {
            (!path.is_null()).then(|| pointer::string(path)).transpose()
        };
        let paths = paths.iter().map(path).collect::<Result<Vec<_>, _>>()?;
        // SAFETY: the caller's part.
        let directives = rows.iter().map(|row| unsafe { row.directive() });
        let directives = directives.collect::<Result<Vec<tree::Directive<'_>>, _>>()?;
        let (directive, around) =
            directives.split_first().ok_or(ClientCertResult::InvalidParameter)?;
        apply(&Line {
            words: &words,
            paths: &paths,
            now,
            directive: *directive,
            around,
            server: self.server,
            is_whole: self.is_whole,
            restarts: self.restarts,
        })
    }
}

impl SettingsHandle {
    /// What C is told of a section.
    fn forward_part(&mut self, number: usize) -> Result<ForwardPart, ClientCertResult> {
        let section =
            self.settings.forward_section(number).ok_or(ClientCertResult::InvalidParameter)?;
        let rows = self.forward.entry(number).or_default();
        let row = |line: &ForwardLine| ForwardLineRow {
            format: line.format.format as u32,
            is_signed: line.format.is_signed(),
            header: line.header.as_ptr(),
        };
        rows.lines = section.lines.iter().flatten().map(row).collect();
        let lines = section.lines.as_ref().map_or(null(), |_| {
            let whole = ForwardLineRows { lines: rows.lines.as_ptr(), count: rows.lines.len() };
            &raw const **rows.whole.insert(Box::new(whole))
        });
        let variables = section.variables.as_ref().map_or(null(), |variables| {
            let headers = match variables {
                ForwardVariables::Off => null(),
                ForwardVariables::Headers(headers) => &raw const **headers,
            };
            &raw const **rows.variables.insert(Box::new(ForwardVariableRow { headers }))
        });
        Ok(ForwardPart {
            lines,
            variables,
            chain: section.chain.map_or(-1, i32::from),
            signer_certs: section
                .signer_certs
                .map_or(Ok(-1), i32::try_from)
                .map_err(|_| INVALID)?,
            section: number.checked_add(1).ok_or(INVALID)?,
        })
    }

    /// The same of the other role.
    fn accept_part(
        &mut self,
        number: usize,
        files: &FilesHandle,
    ) -> Result<AcceptPart, ClientCertResult> {
        let section = self.settings.accept_section(number).ok_or(INVALID)?;
        let (part, unset) = (section.part, AcceptPart::UNSET);
        let (format, is_signed) = match part.format {
            Format::Unset => (unset.format, false),
            Format::Off => (-2, false),
            Format::Named(row) => (row.format as i32, row.is_signed()),
        };
        let (max_age, skew) = section.max_age.unwrap_or((unset.max_age, unset.skew));
        let names = if part.has_names {
            let handle = match self.names.entry(number) {
                std::collections::btree_map::Entry::Occupied(handle) => handle.into_mut(),
                std::collections::btree_map::Entry::Vacant(place) => {
                    place.insert(Box::new(NamesHandle::new(TrustNames::new(&[])?)))
                }
            };
            &raw const **handle
        } else {
            null()
        };
        Ok(AcceptPart {
            format,
            header: i32::try_from(section.header).map_err(|_| INVALID)?,
            is_signed,
            has_max_age: section.max_age.is_some(),
            anchors: files.row(part.trust),
            crls: files.row(part.trust_crls),
            names,
            client_cas: files.row(part.client_trust),
            client_crls: files.row(part.client_crls),
            trust_peer: part.trust_peer.map_or(-1, i32::from),
            max_age,
            skew,
            user_name: section.user_name.as_ref().map_or(null(), |name| name.as_ptr()),
            section: number.checked_add(1).ok_or(INVALID)?,
        })
    }

    fn complete(&mut self) -> Result<(), ClientCertResult> {
        for (number, names) in self.settings.take_names() {
            if let Some(handle) = self.names.get_mut(&number) {
                **handle = NamesHandle::new(names);
            }
        }
        let accepted = self.settings.accepted_names();
        let names = accepted
            .sorted()
            .into_iter()
            .filter_map(|number| Some((number, accepted.names().get(number)?)));
        let (mut rows, mut sorted) = (Vec::new(), Vec::new());
        for (number, name) in names {
            let number = i32::try_from(number).map_err(|_| INVALID)?;
            rows.push(AcceptedNameRow { name: name.as_ptr(), number });
            sorted.push(name.to_bytes().to_ascii_lowercase());
        }
        self.complete = Complete { accepted: rows, sorted, ..Complete::default() };
        Ok(())
    }

    fn accepted_name(&self, name: &[u8]) -> *const AcceptedNameRow {
        let lower = || name.iter().map(u8::to_ascii_lowercase);
        let found =
            self.complete.sorted.binary_search_by(|other| other.iter().copied().cmp(lower()));
        let row = found.ok().and_then(|position| self.complete.accepted.get(position));
        row.map_or(null(), |row| &raw const *row)
    }

    fn kept(&mut self, kept: KeptHeaders) -> KeptHeaderRows {
        let names: Vec<_> = kept.names.iter().map(|name| name.as_ptr()).collect();
        let row = KeptHeaderRows { names: names.as_ptr(), count: names.len(), all: kept.all };
        self.complete.kept.push((kept, names));
        row
    }
}

impl FieldNameTree {
    fn new(set: &FieldNames) -> Self {
        let tree = set.tree();
        let next = |at: u8| tree.next().get(usize::from(at)).copied().unwrap_or_default();
        Self {
            first: tree.classes().map(next),
            classes: *tree.classes(),
            next: tree.next().as_ptr(),
            set,
        }
    }
}

const INVALID: ClientCertResult = ClientCertResult::InvalidParameter;

/// Makes a place for what the directives of one configuration say, with nothing in it.
///
/// Sets `*settings` to a new object, which client_cert_settings_free() releases.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_settings_new(
    settings: *mut *mut SettingsHandle,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let settings = pointer::out(settings, null_mut())?;
        *settings = pointer::give(SettingsHandle {
            settings: Settings::new(),
            forward: BTreeMap::new(),
            names: BTreeMap::new(),
            complete: Complete::default(),
        });
        Ok(())
    })
}

/// Releases it. NULL is allowed, as with free(). No thread may be using it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_settings_free(settings: *mut SettingsHandle) {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        pointer::free(settings);
        Ok(())
    });
}

/// Adds a directive, in the order in which they stand. No other thread may be using the objects.
///
/// `files` are those of the configuration, to which the file is added that it names. `forward` and
/// `accept` are what its section says; the directive is added to one of them, if it is of that role.
///
/// Sets `*fault` to NULL, or to all that httpd is to say of the directive, in memory from `allocator`.
///
/// Fails with CLIENT_CERT_RESULT_INVALID_PARAMETER for a directive that is not read here, and with
/// CLIENT_CERT_RESULT_OUT_OF_MEMORY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_settings_add(
    settings: *mut SettingsHandle,
    files: *mut FilesHandle,
    line: *const SettingLine,
    forward: *mut ForwardPart,
    accept: *mut AcceptPart,
    allocator: *const Allocator,
    fault: *mut *const c_char,
) -> ClientCertResult {
    const NULL: ClientCertResult = ClientCertResult::NullParameter;
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let fault = pointer::out(fault, null())?;
        let (settings, files) = (settings.as_mut().ok_or(NULL)?, files.as_mut().ok_or(NULL)?);
        let (forward, accept) = (forward.as_mut().ok_or(NULL)?, accept.as_mut().ok_or(NULL)?);
        let (line, allocator) = (pointer::borrow(line)?, pointer::borrow(allocator)?);
        let mut sections = SectionNumbers {
            forward: forward.section.checked_sub(1),
            accept: accept.section.checked_sub(1),
        };
        let added =
            line.read(|line| Ok(settings.settings.apply(line, &mut sections, files.files())))?;
        if let Err(text) = added {
            let text = text.ok_or(ClientCertResult::InvalidParameter)?;
            *fault = allocator.bytes(&text)?.data.cast();
            return Ok(());
        }
        files.fill_new()?;
        if let Some(number) = sections.forward {
            *forward = settings.forward_part(number)?;
        }
        if let Some(number) = sections.accept {
            *accept = settings.accept_part(number, files)?;
        }
        Ok(())
    })
}

/// What follows from all directives, once they are there. No other thread may be using the objects.
///
/// Sets `*arriving_names` to what no client may send, each header that is ours and the known headers;
/// `*our_names` to the first alone; `*whole`; and of what each of the `server_count` pointers of
/// `servers` leads to, the main server first, all but the number.
///
/// Fails with nothing of its own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_settings_complete(
    settings: *mut SettingsHandle,
    files: *const FilesHandle,
    servers: *const *mut ServerPart,
    server_count: usize,
    arriving_names: *mut FieldNameTree,
    our_names: *mut FieldNameTree,
    whole: *mut WholePart,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let handle = settings.as_mut().ok_or(ClientCertResult::NullParameter)?;
        let files = pointer::borrow(files)?;
        let servers = pointer::elements(servers, server_count)?;
        if servers.iter().any(|server| server.is_null()) {
            return Err(ClientCertResult::NullParameter);
        }
        handle.complete()?;
        let ours = handle.complete.our_names.insert(Box::new(handle.settings.field_names(false)));
        pointer::out(our_names, FieldNameTree::new(ours))?;
        let set = Box::new(handle.settings.field_names(true));
        let arriving = handle.complete.arriving_names.insert(set);
        pointer::out(arriving_names, FieldNameTree::new(arriving))?;
        let chain = handle.settings.chain();
        let chain = chain.and_then(|number| handle.settings.accepted_names().names().get(number));
        let whole_part = WholePart {
            cache_size: handle.settings.cache_size(),
            forwarding_directive: handle.settings.forwarding().map_or(null(), CStr::as_ptr),
            chain_name: chain.map_or(null(), |name| handle.accepted_name(name.to_bytes())),
            accepts: handle.settings.accepts(),
        };
        pointer::out(whole, whole_part)?;
        let main = servers.first().map_or(0, |&server| (*server).number);
        for &server in servers {
            let number = (*server).number;
            let merged = handle.settings.merged(number, main);
            server.write(ServerPart {
                number,
                signer: match merged.signer {
                    SignerSource::Server => null(),
                    SignerSource::File(number) => files.row(Some(number)),
                },
                lifetime: merged.lifetime,
                signer_certs: merged.signer_certs,
                kept: handle.kept(merged.kept),
                rejects: merged.rejects,
                forwards: merged.forwards,
                signs: merged.signs,
                accepts: merged.accepts,
            });
        }
        Ok(())
    })
}

/// The header of that name, compared as HTTP compares names and not as backends fold them, that some
/// directive of the accept role reads; it lives as long as the settings. NULL if there is none, and for
/// NULL. Nothing can fail in it. Before client_cert_settings_complete() there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_settings_accepted_name(
    settings: *const SettingsHandle,
    name: *const c_char,
) -> *const AcceptedNameRow {
    // SAFETY: as the header's rules say.
    match unsafe { (settings.as_ref(), pointer::string(name)) } {
        (Some(settings), Ok(name)) => settings.accepted_name(name),
        _ => null(),
    }
}

/// Looks for what keeps httpd from starting: a backend that mod_proxy_wstunnel's own tunnel would
/// serve, headers of the forward role that do not go together, a section of the accept role that lacks
/// what it needs. No other thread may be using the objects.
///
/// `restarts` says that a running server reads its configuration again: anchors that have come to
/// hold a CA, for which a name is missing, are then what they were before.
///
/// `fault` is called once with the position of a server in `configuration` and a line, or not at all.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_settings_check(
    settings: *const SettingsHandle,
    files: *mut FilesHandle,
    configuration: *const Configuration,
    restarts: bool,
    fault: *const Listener,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let (settings, listener) = (pointer::borrow(settings)?, pointer::borrow(fault)?);
        let files = files.as_mut().ok_or(ClientCertResult::NullParameter)?;
        let mut fell_back = Vec::new();
        let finding = pointer::borrow(configuration)?.facts(|facts| {
            settings.settings.fault(facts, files.files(), restarts, &mut fell_back)
        })?;
        fell_back.into_iter().try_for_each(|number| files.fill(number))?;
        finding.map_or(Ok(()), |finding| tell(listener, &finding))
    })
}

/// Warns of directives that read the TLS peer as though it were the client, or ask for it too late; of
/// sections in which every value will be refused; of headers that are not signed; and of CRLs that are
/// of none of the CAs which they are configured with. `warn` is called with the position of a server
/// in `configuration` and a line for each.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_settings_warnings(
    settings: *const SettingsHandle,
    files: *const FilesHandle,
    configuration: *const Configuration,
    warn: *const Listener,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let (settings, listener) = (pointer::borrow(settings)?, pointer::borrow(warn)?);
        let files = pointer::borrow(files)?.all_files();
        let findings = pointer::borrow(configuration)?
            .facts(|facts| settings.settings.warnings(facts, files))?;
        findings.iter().try_for_each(|finding| tell(listener, finding))
    })
}

/// # Safety
///
/// As for [`Listener::tell`].
unsafe fn tell(listener: &Listener, finding: &Finding) -> Result<(), ClientCertResult> {
    // SAFETY: the caller's part.
    unsafe { listener.tell(finding.server, &printable(&finding.line, MAX_LINE)) }
}

/// Writes what a section says of the forward role before its first directive. NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_forward_part_init(part: *mut ForwardPart) {
    // SAFETY: as the header's rules say.
    unsafe { init(part) };
}

/// Writes what two sections say together of the forward role: what `add` says, and where it does not,
/// `base`. Nothing can fail in it, and NULL does nothing: httpd merges for each request.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_forward_part_merge(
    base: *const ForwardPart,
    add: *const ForwardPart,
    part: *mut ForwardPart,
) {
    // SAFETY: as the header's rules say.
    unsafe { merge(base, add, part) };
}

/// As client_cert_forward_part_init(), of the accept role.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_accept_part_init(part: *mut AcceptPart) {
    // SAFETY: as the header's rules say.
    unsafe { init(part) };
}

/// As client_cert_forward_part_merge(), of the accept role.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_accept_part_merge(
    base: *const AcceptPart,
    add: *const AcceptPart,
    part: *mut AcceptPart,
) {
    // SAFETY: as the header's rules say.
    unsafe { merge(base, add, part) };
}

#[cfg(test)]
mod tests {
    use std::ffi::c_void;

    use proptest::prelude::*;

    use super::{
        super::{configuration::ServerRow, configured_files::*},
        *,
    };
    use ClientCertResult::{InvalidParameter, NullParameter, Ok};

    unsafe extern "C" fn malloc(_: *mut c_void, size: usize) -> *mut c_void {
        // SAFETY: any size.
        unsafe { libc::malloc(size) }
    }

    const MALLOC: Allocator = Allocator { allocate: Some(malloc), context: null_mut() };

    unsafe extern "C" fn write_down(lines: *mut c_void, number: usize, line: *const c_char) {
        // SAFETY: the test's list, and a string of the library's.
        let (lines, line) =
            unsafe { (&mut *lines.cast::<Vec<(usize, String)>>(), CStr::from_ptr(line)) };
        lines.push((number, line.to_str().unwrap().to_owned()));
    }

    /// What C has of one configuration.
    struct Made {
        settings: *mut SettingsHandle,
        files: *mut FilesHandle,
        forward: ForwardPart,
        accept: AcceptPart,
    }

    impl Made {
        fn new() -> Self {
            let (mut settings, mut files) = (null_mut(), null_mut());
            // SAFETY: live places.
            unsafe {
                assert_eq!(client_cert_settings_new(&mut settings), Ok);
                assert_eq!(client_cert_files_new(null(), 0, &mut files), Ok);
            }
            let (mut forward, mut accept) = (ForwardPart::UNSET, AcceptPart::UNSET);
            (forward.chain, accept.format) = (7, 7);
            // SAFETY: live places.
            unsafe {
                client_cert_forward_part_init(&mut forward);
                client_cert_accept_part_init(&mut accept);
            }
            assert_eq!((forward, accept), (ForwardPart::UNSET, AcceptPart::UNSET));
            Self { settings, files, forward, accept }
        }

        /// A directive of the virtual host 1, in a section.
        fn add(&mut self, name: &CStr, words: &[&CStr]) -> Option<String> {
            let pointers: Vec<_> = words.iter().map(|word| word.as_ptr()).collect();
            let args: Vec<_> = words.iter().map(|word| word.to_bytes()).collect();
            let args = std::ffi::CString::new(args.join(&b' ')).unwrap();
            let directives = [(name, &*args), (c"<Location", c"/x>")].map(|(name, args)| {
                let (name, args) = (name.as_ptr(), args.as_ptr());
                Directive { name, args, file: c"/etc/conf".as_ptr(), line: 9, depth: 0 }
            });
            let line = SettingLine {
                words: pointers.as_ptr(),
                word_count: pointers.len(),
                paths: pointers.as_ptr(),
                now: c"noon".as_ptr(),
                directives: directives.as_ptr(),
                directive_count: directives.len(),
                server: 1,
                is_whole: false,
                restarts: true,
            };
            let mut fault = c"".as_ptr();
            let (forward, accept) = (&raw mut self.forward, &raw mut self.accept);
            // SAFETY: live objects.
            unsafe {
                let add = client_cert_settings_add;
                let result =
                    add(self.settings, self.files, &line, forward, accept, &MALLOC, &mut fault);
                assert_eq!(result, Ok);
                let text = (!fault.is_null()).then(|| CStr::from_ptr(fault));
                let text = text.map(|text| text.to_str().unwrap().to_owned());
                libc::free(fault.cast_mut().cast());
                text
            }
        }
    }

    impl Drop for Made {
        fn drop(&mut self) {
            // SAFETY: it has them from the library.
            unsafe {
                client_cert_settings_free(self.settings);
                client_cert_files_free(self.files);
            }
        }
    }

    const fn server_part(number: usize) -> ServerPart {
        ServerPart {
            number,
            signer: null(),
            lifetime: 0,
            signer_certs: 0,
            kept: KeptHeaderRows { names: null(), count: 0, all: false },
            rejects: false,
            forwards: false,
            signs: false,
            accepts: false,
        }
    }

    const TREE: FieldNameTree =
        FieldNameTree { first: [0; 256], classes: [0; 256], next: null(), set: null() };
    const WHOLE: WholePart = WholePart {
        cache_size: 0,
        forwarding_directive: null(),
        chain_name: null(),
        accepts: false,
    };

    /// As names.h walks it.
    ///
    /// # Safety
    ///
    /// The tree is the library's.
    unsafe fn may_contain(tree: &FieldNameTree, name: &CStr) -> bool {
        let class = |octet: &u8| usize::from(tree.classes[usize::from(*octet)]);
        let mut octets = name.to_bytes_with_nul().iter();
        let mut at = tree.first[usize::from(*octets.next().unwrap())];
        while at > 1 {
            // SAFETY: as the structure's text says.
            at = unsafe { *tree.next.add(usize::from(at) + class(octets.next().unwrap())) };
        }
        at == 1
    }

    #[test]
    fn what_c_is_told() {
        let mut made = Made::new();
        assert_eq!(made.add(c"ClientCertForward", &[c"cms"]), None);
        let section = made.forward.section;
        assert_eq!(made.add(c"ClientCertForward", &[c"xfcc", c"X-Other"]), None);
        assert_eq!(made.add(c"ClientCertForwardVariable", &[c"X-Name", c"SSL_CLIENT_S_DN"]), None);
        assert_eq!(made.add(c"ClientCertSignerCerts", &[c"none"]), None);
        assert_eq!((made.forward.chain, made.forward.signer_certs), (-1, 2));
        assert_eq!(made.accept, AcceptPart::UNSET);
        assert!(section > 0 && made.forward.section == section);
        for (name, words) in [
            (c"ClientCertAccept", &[c"rfc9440", c"X-Cert"][..]),
            (c"ClientCertTrustName", &[c"a.example"]),
            (c"ClientCertTrustPeer", &[c"off"]),
            (c"ClientCertMaxAge", &[c"5", c"6"]),
            (c"ClientCertUserName", &[c"SSL_CLIENT_S_DN_CN"]),
            (c"ClientCertClientTrust", &[c"/nonexistent"]),
            (c"ClientCertSigner", &[c"/nonexistent"]),
        ] {
            assert_eq!(made.add(name, words), None);
        }
        let fault = "ClientCertAccept: given twice in one section".to_owned();
        assert_eq!(made.add(c"ClientCertAccept", &[c"off"]), Some(fault));
        let (accept, forward) = (made.accept, made.forward);
        assert_eq!((accept.format, accept.header, accept.is_signed), (2, 0, false));
        assert_eq!((accept.trust_peer, accept.has_max_age), (0, true));
        assert_eq!((accept.max_age, accept.skew), (5, 6));
        assert!(!accept.names.is_null() && !accept.client_cas.is_null());
        assert!(accept.anchors.is_null() && accept.crls.is_null() && accept.client_crls.is_null());

        let mut servers = [server_part(0), server_part(1)];
        let (mut arriving, mut ours, mut whole) = (TREE, TREE, WHOLE);
        // SAFETY: live objects, and what the library points to.
        unsafe {
            let find = client_cert_settings_accepted_name;
            assert!(find(made.settings, c"X-Cert".as_ptr()).is_null());
            let complete = client_cert_settings_complete;
            let rows = servers.each_mut().map(std::ptr::from_mut);
            let rows = rows.as_ptr();
            let result =
                complete(made.settings, made.files, rows, 2, &mut arriving, &mut ours, &mut whole);
            assert_eq!(result, Ok);
            let lines = &*forward.lines;
            let lines = std::slice::from_raw_parts(lines.lines, lines.count);
            let lines: Vec<_> = lines
                .iter()
                .map(|line| (line.format, line.is_signed, CStr::from_ptr(line.header)))
                .collect();
            assert_eq!(lines, [(0, true, c"Client-Cert"), (4, false, c"X-Other")]);
            assert!(!(*forward.variables).headers.is_null());
            assert_eq!(CStr::from_ptr(accept.user_name), c"SSL_CLIENT_S_DN_CN");
            assert!((*ours.set).contain(b"x_cert") && !(*ours.set).contain(b"X-SSL-Client-DN"));
            assert!((*arriving.set).contain(b"X-SSL-Client-S-DN"));
            for (name, in_ours, in_arriving) in [
                (c"x_cert", true, true),
                (c"Client.Cert\x7f", true, true),
                (c"x_ssl_client_s_dn", false, true),
                (c"X-Certs", false, false),
                (c"", false, false),
            ] {
                assert_eq!(may_contain(&ours, name), in_ours, "{name:?}");
                assert_eq!(may_contain(&arriving, name), in_arriving, "{name:?}");
            }
            for tree in [&ours, &arriving] {
                let octets = 0..=u8::MAX;
                assert!(octets.map(usize::from).all(|octet| {
                    tree.first[octet] == *tree.next.add(tree.classes[octet].into())
                }));
            }
            assert_eq!(CStr::from_ptr(whole.forwarding_directive), c"ClientCertForward");
            assert_eq!((whole.cache_size, whole.accepts), (16 << 20, true));
            assert_eq!(CStr::from_ptr((*whole.chain_name).name), c"Client-Cert-Chain");
            assert_eq!(find(made.settings, c"client-cert-chain".as_ptr()), whole.chain_name);
            assert_eq!((*find(made.settings, c"x-cert".as_ptr())).number, accept.header);
            assert!(find(made.settings, c"X_Cert".as_ptr()).is_null());
            assert!(find(made.settings, null()).is_null());
            assert!(find(null(), c"X-Cert".as_ptr()).is_null());
            assert!(!(*servers[1].signer).fault.is_null());
        }
        assert!(servers[0].signer.is_null() && !servers[0].forwards && !servers[0].accepts);
        assert!(servers[1].forwards && servers[1].signs && servers[1].accepts);
        assert_eq!((servers[1].lifetime, servers[1].signer_certs), (60, 4));
    }

    #[test]
    fn off_is_not_unset() {
        let mut made = Made::new();
        assert_eq!(made.add(c"ClientCertForward", &[c"off"]), None);
        assert_eq!(made.add(c"ClientCertForwardVariable", &[c"off"]), None);
        assert_eq!(made.add(c"ClientCertAccept", &[c"off"]), None);
        // SAFETY: what the library points to.
        unsafe {
            assert_eq!((*made.forward.lines).count, 0);
            assert!((*made.forward.variables).headers.is_null());
        }
        assert_eq!(made.accept.format, -2);
    }

    #[test]
    fn known_headers_of_a_server() {
        let mut made = Made::new();
        let setting = c"ClientCertKnownHeaders";
        assert_eq!(made.add(setting, &[c"keep", c"X-SSL-Client-S-DN"]), None);
        let mut servers = [server_part(1)];
        let (mut arriving, mut ours, mut whole) = (TREE, TREE, WHOLE);
        // SAFETY: live objects, and what the library points to.
        unsafe {
            let complete = client_cert_settings_complete;
            let rows = servers.each_mut().map(std::ptr::from_mut);
            let rows = rows.as_ptr();
            let result =
                complete(made.settings, made.files, rows, 1, &mut arriving, &mut ours, &mut whole);
            assert_eq!(result, Ok);
            let kept = &servers[0].kept;
            assert_eq!((kept.count, kept.all), (1, false));
            assert_eq!(CStr::from_ptr(*kept.names), c"X-SSL-Client-S-DN");
        }
        assert!(whole.forwarding_directive.is_null() && whole.chain_name.is_null());
    }

    const fn row(number: usize) -> ServerRow {
        ServerRow {
            number,
            file: null(),
            line: 0,
            fallback_off: false,
            has_tls: false,
            asks: false,
        }
    }

    const fn configuration(servers: &[ServerRow]) -> Configuration {
        Configuration {
            directives: null(),
            directive_count: 0,
            servers: servers.as_ptr(),
            server_count: servers.len(),
            has_mod_ssl: true,
            has_wstunnel: true,
            has_proxy_http: true,
        }
    }

    #[test]
    fn findings_are_told() {
        let mut lines: Vec<(usize, String)> = Vec::new();
        let listener = Listener { tell: Some(write_down), context: (&raw mut lines).cast() };
        let mut made = Made::new();
        assert_eq!(made.add(c"ClientCertAccept", &[c"cms"]), None);
        let directives = [Directive {
            name: c"SSLUserName".as_ptr(),
            args: c"SSL_CLIENT_S_DN".as_ptr(),
            file: c"/etc/\xff".as_ptr(),
            line: 3,
            depth: 0,
        }];
        let servers = [row(0), row(3), row(1)];
        let mut whole = configuration(&servers);
        (whole.directives, whole.directive_count) = (directives.as_ptr(), 1);
        let (check, warnings) = (client_cert_settings_check, client_cert_settings_warnings);
        let (settings, files) = (made.settings, made.files);
        // SAFETY: live objects.
        unsafe {
            assert_eq!(check(settings, files, &whole, false, &listener), Ok);
            assert_eq!(warnings(settings, files, &whole, &listener), Ok);
        }
        let place = "ClientCertAccept cms (section at /etc/conf:9): ";
        assert_eq!(lines[0], (2, format!("{place}needs ClientCertTrust")));
        let rest: Vec<_> = lines[1..].iter().map(|(number, line)| (*number, &line[..60])).collect();
        assert!(
            rest.iter().any(|(number, line)| *number == 2 && line.starts_with(place)),
            "{rest:?}"
        );
    }

    #[test]
    fn null_is_never_taken_silently() {
        let made = Made::new();
        let (settings, files) = (made.settings, made.files);
        let listener = Listener { tell: Some(write_down), context: null_mut() };
        let none = configuration(&[]);
        let wrong = Configuration { server_count: 1, servers: null(), ..configuration(&[]) };
        let (check, warnings) = (client_cert_settings_check, client_cert_settings_warnings);
        let (complete, add) = (client_cert_settings_complete, client_cert_settings_add);
        let (mut ours, mut known, mut whole) = (TREE, TREE, WHOLE);
        let mut part = server_part(0);
        let (rows, missing) = ([&raw mut part], [null_mut()]);
        let (rows, missing) = (rows.as_ptr(), missing.as_ptr());
        let directive =
            |name| Directive { name, args: null(), file: c"/etc/conf".as_ptr(), line: 1, depth: 0 };
        let (good, nameless) = (directive(c"ClientCertForward".as_ptr()), directive(null()));
        let unknown = directive(c"ClientCert".as_ptr());
        let words = [c"cms".as_ptr()];
        let line = || SettingLine {
            words: words.as_ptr(),
            word_count: 1,
            paths: null(),
            now: null(),
            directives: &good,
            directive_count: 1,
            server: 0,
            is_whole: true,
            restarts: false,
        };
        let (mut forward, mut accept, mut fault) =
            (ForwardPart::UNSET, AcceptPart::UNSET, null::<c_char>());
        // SAFETY: live objects, but for the NULL.
        unsafe {
            assert_eq!(client_cert_settings_new(null_mut()), NullParameter);
            client_cert_settings_free(null_mut());
            assert_eq!(check(null(), files, &none, false, &listener), NullParameter);
            assert_eq!(check(settings, null_mut(), &none, false, &listener), NullParameter);
            assert_eq!(check(settings, files, null(), false, &listener), NullParameter);
            assert_eq!(check(settings, files, &none, false, null()), NullParameter);
            assert_eq!(check(settings, files, &wrong, false, &listener), NullParameter);
            assert_eq!(check(settings, files, &none, false, &listener), Ok);
            assert_eq!(warnings(null(), files, &none, &listener), NullParameter);
            assert_eq!(warnings(settings, null(), &none, &listener), NullParameter);
            assert_eq!(warnings(settings, files, null(), &listener), NullParameter);
            assert_eq!(warnings(settings, files, &none, null()), NullParameter);
            assert_eq!(warnings(settings, files, &none, &listener), Ok);
            let (ours, known, whole) = (&raw mut ours, &raw mut known, &raw mut whole);
            for result in [
                complete(null_mut(), files, rows, 1, known, ours, whole),
                complete(settings, null(), rows, 1, known, ours, whole),
                complete(settings, files, null(), 1, known, ours, whole),
                complete(settings, files, missing, 1, known, ours, whole),
                complete(settings, files, rows, 1, null_mut(), ours, whole),
                complete(settings, files, rows, 1, known, null_mut(), whole),
                complete(settings, files, rows, 1, known, ours, null_mut()),
            ] {
                assert_eq!(result, NullParameter);
            }
            let (forward, accept) = (&raw mut forward, &raw mut accept);
            let (fault, none) = (&raw mut fault, null_mut());
            let given = line();
            for result in [
                add(null_mut(), files, &given, forward, accept, &MALLOC, fault),
                add(settings, null_mut(), &given, forward, accept, &MALLOC, fault),
                add(settings, files, null(), forward, accept, &MALLOC, fault),
                add(settings, files, &given, null_mut(), accept, &MALLOC, fault),
                add(settings, files, &given, forward, null_mut(), &MALLOC, fault),
                add(settings, files, &given, forward, accept, null(), fault),
                add(settings, files, &given, forward, accept, &MALLOC, none),
            ] {
                assert_eq!(result, NullParameter);
            }
            for (line, result) in [
                (SettingLine { directives: &unknown, ..line() }, InvalidParameter),
                (SettingLine { words: null(), ..line() }, NullParameter),
                (SettingLine { directive_count: 0, ..line() }, InvalidParameter),
                (SettingLine { directives: null(), ..line() }, NullParameter),
                (SettingLine { directives: &nameless, ..line() }, NullParameter),
                (line(), Ok),
            ] {
                let added = add(settings, files, &line, forward, accept, &MALLOC, fault);
                assert_eq!(added, result);
            }
            client_cert_forward_part_init(null_mut());
            client_cert_accept_part_init(null_mut());
            let (forward_before, accept_before) = (*forward, *accept);
            client_cert_forward_part_merge(null(), forward, forward);
            client_cert_forward_part_merge(forward, null(), forward);
            client_cert_forward_part_merge(forward, forward, null_mut());
            client_cert_accept_part_merge(null(), accept, accept);
            client_cert_accept_part_merge(accept, null(), accept);
            client_cert_accept_part_merge(accept, accept, null_mut());
            assert_eq!((*forward, *accept), (forward_before, accept_before));
        }
    }

    fn pointer<T>() -> impl Strategy<Value = *const T> {
        (0..3_usize).prop_map(|number| std::ptr::without_provenance(number * 8))
    }

    prop_compose! {
        fn forward_part()(
            lines in pointer(), variables in pointer(), chain in -1..2_i32, signer_certs in -1..3_i32,
            section in 1..3_usize,
        ) -> ForwardPart {
            ForwardPart { lines, variables, chain, signer_certs, section }
        }
    }

    prop_compose! {
        fn accept_part()(
            (format, header, is_signed) in (-2..3_i32, 0..3_i32, any::<bool>()),
            (has_max_age, max_age, skew) in (any::<bool>(), 0..3_u32, 0..3_u32),
            (anchors, crls, names) in (pointer(), pointer(), pointer()),
            (client_cas, client_crls, user_name) in (pointer(), pointer(), pointer()),
            (trust_peer, section) in (-1..2_i32, 1..3_usize),
        ) -> AcceptPart {
            AcceptPart {
                format, header, is_signed, has_max_age, anchors, crls, names, client_cas, client_crls,
                trust_peer, max_age, skew, user_name, section,
            }
        }
    }

    /// What `add` says where that is set, and `base` where it is not.
    fn or<T: PartialEq>(base: T, add: T, unset: T) -> T {
        if add == unset { base } else { add }
    }

    proptest! {
        #[test]
        fn parts_of_the_forward_role_merge(base in forward_part(), add in forward_part()) {
            let mut merged = ForwardPart::UNSET;
            // SAFETY: live objects.
            unsafe { client_cert_forward_part_merge(&base, &add, &mut merged) };
            prop_assert_eq!(merged, ForwardPart {
                lines: or(base.lines, add.lines, null()),
                variables: or(base.variables, add.variables, null()),
                chain: or(base.chain, add.chain, -1),
                signer_certs: or(base.signer_certs, add.signer_certs, -1),
                section: add.section,
            });
        }

        #[test]
        fn parts_of_the_accept_role_merge(base in accept_part(), add in accept_part()) {
            let mut merged = AcceptPart::UNSET;
            // SAFETY: live objects.
            unsafe { client_cert_accept_part_merge(&base, &add, &mut merged) };
            let format = |part: AcceptPart| (part.format, part.header, part.is_signed);
            let age = |part: AcceptPart| (part.has_max_age, part.max_age, part.skew);
            prop_assert_eq!(format(merged), format(if add.format == -1 { base } else { add }));
            prop_assert_eq!(age(merged), age(if add.has_max_age { add } else { base }));
            prop_assert_eq!(merged.anchors, or(base.anchors, add.anchors, null()));
            prop_assert_eq!(merged.crls, or(base.crls, add.crls, null()));
            prop_assert_eq!(merged.names, or(base.names, add.names, null()));
            prop_assert_eq!(merged.client_cas, or(base.client_cas, add.client_cas, null()));
            prop_assert_eq!(merged.client_crls, or(base.client_crls, add.client_crls, null()));
            prop_assert_eq!(merged.trust_peer, or(base.trust_peer, add.trust_peer, -1));
            prop_assert_eq!(merged.user_name, or(base.user_name, add.user_name, null()));
            prop_assert_eq!(merged.section, add.section);
        }

        /// Nothing is lost by a section in between that says nothing.
        #[test]
        fn what_is_unset_changes_nothing(forward in forward_part(), accept in accept_part()) {
            for (base, add) in [(&forward, &ForwardPart::UNSET), (&ForwardPart::UNSET, &forward)] {
                let mut merged = ForwardPart::UNSET;
                // SAFETY: live objects.
                unsafe { client_cert_forward_part_merge(base, add, &mut merged) };
                prop_assert_eq!(merged, forward);
            }
            for (base, add) in [(&accept, &AcceptPart::UNSET), (&AcceptPart::UNSET, &accept)] {
                let mut merged = AcceptPart::UNSET;
                // SAFETY: live objects.
                unsafe { client_cert_accept_part_merge(base, add, &mut merged) };
                prop_assert_eq!(merged, accept);
            }
        }
    }
}
