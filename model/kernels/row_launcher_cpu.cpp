#include "model/kernels/row_launcher.h"

namespace isoframe::model::kernels {

RowLauncher cuda_row_launcher() { return nullptr; }

}  // namespace isoframe::model::kernels
