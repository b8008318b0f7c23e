-- SPDX-License-Identifier: Apache-2.0
--
-- For pandoc: makes of a page of the manual what a manual page has.
--
-- - Each heading is one level higher, and the highest are in capitals. The title goes, or becomes a
--   heading like these if the variable "titles" names it (with commas between).
-- - The sections of level 2 that the variable "omit" names (with commas between) go.
-- - A link to another page, or within one, is its text.
-- - The table at the head of a directive is a list of its fields.
-- - The columns of other tables have widths: a terminal has some 80 columns.

local stringify = pandoc.utils.stringify

-- How many characters a line of a table may have on a terminal of 80 columns.
local LINE = 66

-- The lists of links before the first section are of no use without links.
local function is_contents(block)
  if block.t ~= "BulletList" then
    return false
  end
  local links = 0
  pandoc.walk_block(block, { Link = function(link)
    if link.target:sub(1, 1) == "#" then links = links + 1 end
  end })
  return links >= #block.content
end

local function names_in(value)
  local names = {}
  for name in stringify(value or ""):gmatch("[^,]+") do
    names[name] = true
  end
  return names
end

local function field_list(rows)
  local items = {}
  for _, row in ipairs(rows) do
    table.insert(items, { row[1][1].content, { row[2] } })
  end
  return pandoc.DefinitionList(items)
end

local function text_length(cell)
  return #stringify(pandoc.Div(cell))
end

-- The longest word of a cell, which cannot be broken.
local function word_length(cell)
  local longest = 0
  for word in stringify(pandoc.Div(cell)):gmatch("%S+") do
    longest = math.max(longest, #word)
  end
  return longest
end

local function set_widths(simple)
  local longest, words = {}, {}
  local function count(row)
    for column, cell in ipairs(row) do
      longest[column] = math.max(longest[column] or 1, text_length(cell))
      words[column] = math.max(words[column] or 1, word_length(cell))
    end
  end
  count(simple.headers)
  for _, row in ipairs(simple.rows) do
    count(row)
  end
  local total, least = 0, 0
  for column, length in ipairs(longest) do
    total = total + length + 3
    least = least + math.min(words[column], LINE / 2) + 3
  end
  if total <= LINE then
    return simple
  end
  -- Each column has room for its longest word; those with more text share what is left.
  local more = 0
  for column, length in ipairs(longest) do
    more = more + math.sqrt(math.max(0, length - words[column]))
  end
  for column, length in ipairs(longest) do
    local share = math.sqrt(math.max(0, length - words[column])) / math.max(more, 1)
    local width = math.min(words[column], LINE / 2) + share * math.max(0, LINE - least)
    simple.widths[column] = width / LINE
  end
  return simple
end

local function convert_table(block)
  local simple = pandoc.utils.to_simple_table(block)
  local first = simple.rows[1]
  if first and #first == 2 and stringify(pandoc.Div(first[1])) == "Description" then
    return field_list(simple.rows)
  end
  return pandoc.utils.from_simple_table(set_widths(simple))
end

function Pandoc(document)
  local omitted, titles = names_in(document.meta.omit), names_in(document.meta.titles)
  local blocks = pandoc.List()
  local stays, in_section = true, false
  for _, block in ipairs(document.blocks) do
    if block.t == "Header" and block.level == 2 then
      in_section = true
      stays = not omitted[stringify(block)]
    end
    local is_title = block.t == "Header" and block.level == 1
    if is_title then
      stays, in_section = true, false
      if titles[stringify(block)] then
        block.level = 2
        is_title = false
      end
    end
    if stays and not is_title and (in_section or not is_contents(block)) then
      blocks:insert(block)
    end
  end
  local converted = pandoc.walk_block(pandoc.Div(blocks), {
    Header = function(header)
      header.level = header.level - 1
      if header.level > 1 then
        return header
      end
      return pandoc.walk_block(header, { Str = function(word)
        return pandoc.Str(pandoc.text.upper(word.text))
      end })
    end,
    Link = function(link)
      if not link.target:match("^%a+:") then
        return link.content
      end
    end,
    RawBlock = function() return {} end,
    Table = convert_table,
  })
  -- Ragged, and no word broken: names would be broken, too. After .TH, which sets both anew.
  converted.content:insert(1, pandoc.RawBlock("man", ".ad l\n.nh"))
  document.blocks = converted.content
  return document
end
