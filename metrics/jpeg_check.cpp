#include "metrics/jpeg_check.h"

#include <csetjmp>
#include <cstdio>
#include <jpeglib.h>
#include <string>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"

namespace isoframe::metrics {

namespace {

struct Complaint {
  jpeg_error_mgr manager;  ///< the first member, so that libjpeg's pointer to it is one to the whole
  std::jmp_buf leave;
  char text[JMSG_LENGTH_MAX];
};

[[noreturn]] void complain(j_common_ptr library) {
  auto* complaint = reinterpret_cast<Complaint*>(library->err);
  complaint->manager.format_message(library, complaint->text);
  std::longjmp(complaint->leave, 1);
}

void take_message(j_common_ptr library, int level) {
  if (level < 0) complain(library);  // a warning: damaged data
}

/// False with the complaint's text set.  No object with a destructor may live here: longjmp() would skip it.
bool is_sound(const unsigned char* data, std::size_t bytes, Complaint& complaint) {
  jpeg_decompress_struct library;
  library.err = jpeg_std_error(&complaint.manager);
  complaint.manager.error_exit = complain;
  complaint.manager.emit_message = take_message;
  jpeg_create_decompress(&library);
  if (setjmp(complaint.leave) != 0) {
    jpeg_destroy_decompress(&library);
    return false;
  }
  jpeg_mem_src(&library, data, static_cast<unsigned long>(bytes));
  jpeg_read_header(&library, TRUE);
  jpeg_read_coefficients(&library);
  jpeg_finish_decompress(&library);
  jpeg_destroy_decompress(&library);
  return true;
}

}  // namespace

void check_jpeg(const std::filesystem::path& file) {
  const std::string bytes = base::read_text(file);
  Complaint complaint{};
  if (!is_sound(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), complaint))
    throw InputError(fmt::format("{}: damaged ({}); make it again", file.string(), complaint.text));
}

}  // namespace isoframe::metrics
